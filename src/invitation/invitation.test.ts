import { expect, test } from "vitest";
import { parseConfig } from "../config/parse.ts";
import { invitationTo } from "./invitation.ts";

function door(...lines: string[]) {
  const { config, problems } = parseConfig(`[d]\n${lines.join("\n")}\n`);
  const [found] = config?.doors ?? [];
  if (found === undefined) throw new Error(JSON.stringify(problems));
  return found;
}

const command = "command = /bin/true";
const sequence = "sequence = 7003,9140,8455";

test("of a native door the page knows where to look: where a browser can, if there is a choice", () => {
  const service = (opens: string) =>
    invitationTo(door(sequence, `open = ${opens}`), "h").profile.service;
  expect(service("tcp/443")).toBe(443);
  expect(service("udp/51820, tcp/22, tcp/8080")).toBe(8080);
  expect(service("icmp, tcp/22")).toBe(22);
  expect(service("udp/51820")).toBeUndefined();
});

test("a door that runs commands", () => {
  expect(invitationTo(door(sequence, command), "h")).toEqual({
    profile: { name: "d", host: "h", ports: [7003, 9140, 8455] },
    warnings: [],
  });
  expect(invitationTo(door(sequence, command), "h", 443).profile.service).toBe(443);
});

test.each([
  ["sequence = 7003,9140:udp,8455:udp", "it has UDP steps (9140, 8455)"],
  ["one_time_sequences = /nowhere", "it has one-time sequences"],
  [`${sequence}\ntcpflags = fin`, "its tcpflags want other packets than SYN"],
  [`${sequence}\ntcpflags = !syn`, "its tcpflags want other packets than SYN"],
  [`${sequence}\ntcpflags = syn,ack`, "its tcpflags want other packets than SYN"],
])("%j is refused: %s", (lines, why) => {
  expect(() => invitationTo(door(lines, command), "h")).toThrow(
    expect.objectContaining({ code: "SYSTEM", message: `no browser can knock at "d": ${why}` }),
  );
});

test.each(["tcpflags = syn", "tcpflags = syn,!ack", "tcpflags = !fin,!rst"])(
  "%s is fine",
  (flags) => {
    expect(invitationTo(door(sequence, flags, command), "h").warnings).toEqual([]);
  },
);

test("ports that browsers refuse, each once", () => {
  const { profile, warnings } = invitationTo(door("sequence = 6667,22,7003,6667", command), "h");
  expect(profile.ports).toEqual([6667, 22, 7003, 6667]);
  expect(warnings).toEqual([
    "browsers refuse port 6667, 22: the page will not work; choose other ports",
  ]);
});

test("a door in a hurry", () => {
  const within = (time: string) =>
    invitationTo(door(sequence, `seq_timeout = ${time}`, command), "h");
  expect(within("3")).toMatchObject({ warnings: [] });
  expect(within("3").profile.pace).toBeUndefined();
  expect(within("2")).toMatchObject({ profile: { pace: 800 }, warnings: [] });
  expect(within("1")).toMatchObject({
    profile: { pace: 700 },
    warnings: [
      "seq_timeout is 1s, but a browser takes at least 1.4s for 3 steps: the page is likely to fail; allow more time",
    ],
  });
});
