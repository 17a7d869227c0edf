import { describe, expect, test } from "vitest";
import type { Service } from "../../base/service.ts";
import { readHostBlocks } from "../../client/host-blocks.ts";
import type { DoorConfig } from "../../config/config.ts";
import { namedServices } from "../../config/config.ts";
import { parseConfig } from "../../config/parse.ts";
import type { ClientDoor } from "./client-lines.ts";
import { clientLines, formatClient } from "./client-lines.ts";

const ssh = { protocol: "tcp", port: 22 } as const;

function door(...lines: string[]): DoorConfig {
  const { config } = parseConfig(["[ssh]", "tcpflags = syn", ...lines, ""].join("\n"));
  const [found] = config?.doors ?? [];
  if (found === undefined) throw new Error("no door");
  return found;
}

const planned = (service: Service, ...lines: string[]): ClientDoor => ({
  service,
  door: door("sequence = 7003,9140,8455,1555", "open = tcp/22", ...lines),
});

const server = { host: "a.example", sshPort: 22 } as const;

test("a client of ssh", () => {
  expect(clientLines(planned(ssh), server)).toEqual({
    door: "ssh",
    profile: {
      name: "ssh",
      text: [
        "Host ssh",
        "    HostName a.example",
        "    Sequence 7003 9140 8455 1555",
        "    Delay 200ms",
        "    Wait 22",
        "    Retry 3",
      ].join("\n"),
    },
    linux: "knock -d 200 a.example 7003 9140 8455 1555 && ssh a.example",
    windows: "knock.exe -d 200 a.example 7003 9140 8455 1555 && ssh a.example",
    ssh: "Host a.example\n    ProxyCommand knock --retry 3 --proxy %h %p 7003 9140 8455 1555",
    qr: expect.stringContaining("knock=7003,9140,8455,1555&host=a.example"),
  });
});

test("a client of ssh on a port of its own", () => {
  const one = { ...planned(ssh), service: { protocol: "tcp", port: 2222 } } as const;
  const found = clientLines(one, { ...server, sshPort: 2222 });
  const knock = "-d 200 a.example 7003 9140 8455 1555 && ssh -p 2222 a.example";
  expect(found).toMatchObject({
    linux: `knock ${knock}`,
    windows: `knock.exe ${knock}`,
    ssh: "Host a.example\n    Port 2222\n    ProxyCommand knock --retry 3 --proxy %h %p 7003 9140 8455 1555",
  });
  expect(clientLines(planned(ssh), { ...server, sshPort: 2222 })).toHaveProperty("ssh");
  expect(clientLines(one, server)).not.toHaveProperty("ssh");
});

describe("a client of a host behind the server", () => {
  const behind = (to: string) => door("sequence = 7003,9140", "open = tcp/22", `to = ${to}`);
  const linesFor = (to: string) => {
    const one = behind(to);
    return clientLines({ door: one, service: namedServices(one)[0] }, server);
  };

  test("knocks at the server, and goes to the host", () => {
    expect(linesFor("10.0.0.5, 2001:db8:1::5")).toEqual({
      door: "ssh",
      profile: {
        name: "ssh",
        text: "Host ssh\n    HostName a.example\n    Sequence 7003 9140\n    Delay 200ms",
      },
      linux: "knock -d 200 a.example 7003 9140 && ssh 10.0.0.5",
      windows: "knock.exe -d 200 a.example 7003 9140 && ssh 10.0.0.5",
      ssh: "Host 10.0.0.5 2001:db8:1::5\n    ProxyCommand knock --retry 3 --profile ssh --proxy %h %p",
      qr: "#knock=7003,9140&host=a.example&name=ssh",
    });
  });

  test("is told that it names a host of the network", () => {
    const lines = linesFor("10.0.0.0/24, 2001:db8:1::/64");
    expect(lines).toMatchObject({
      linux: "knock -d 200 a.example 7003 9140 && ssh HOST",
      networks: ["10.0.0.0/24", "2001:db8:1::/64"],
    });
    expect(lines && formatClient(lines)).toContain(
      "\nHOST is the host that you want to reach, in 10.0.0.0/24 or 2001:db8:1::/64.\n",
    );
  });
});

test("a client of ssh on a port that the server forwards", () => {
  const one = door("sequence = 7003,9140", "open = tcp/2222 -> 10.0.0.5:22");
  expect(clientLines({ door: one, service: namedServices(one)[0] }, server)).toMatchObject({
    linux: "knock -d 200 a.example 7003 9140 && ssh -p 2222 a.example",
    ssh: "Host a.example\n    Port 2222\n    ProxyCommand knock --retry 3 --proxy %h %p 7003 9140",
  });
});

test("a client of something else, of a door that no browser can knock at", () => {
  const service = { protocol: "udp", port: 51_820 } as const;
  const one = { service, door: door("sequence = 7003,9140:udp", "open = udp/51820") };
  expect(clientLines(one, server)).toEqual({
    door: "ssh",
    profile: {
      name: "ssh",
      text: "Host ssh\n    HostName a.example\n    Sequence 7003 9140:udp\n    Delay 200ms",
    },
    linux: "knock -d 200 a.example 7003 9140:udp",
    windows: "knock.exe -d 200 a.example 7003 9140:udp",
  });
});

test("a door of one-time sequences has no lines for clients", () => {
  const one = { service: ssh, door: door("one_time_sequences = /x", "open = tcp/22") };
  expect(clientLines(one, server)).toBeUndefined();
});

test("a name that no profile can have is that of the host", () => {
  const one = planned(ssh);
  const lines = clientLines({ ...one, door: { ...one.door, name: "my door" } }, server);
  expect(lines?.profile.name).toBe("a.example");
  const context = { folder: "/", findService: () => undefined };
  expect(() => readHostBlocks(lines?.profile.text ?? "", "x", context)).not.toThrow();
});

test("a door of commands opens nothing that is known", () => {
  const one = { door: door("sequence = 7003,9140", "command = true") };
  expect(clientLines(one, server)).toMatchObject({ linux: "knock -d 200 a.example 7003 9140" });
  expect(clientLines(one, server)).not.toHaveProperty("ssh");
});
