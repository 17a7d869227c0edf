import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Protocol } from "../base/port.ts";
import { firstSynTime } from "./first-syn.ts";
import type { KnockPlan, Step } from "./plan.ts";
import { sendPlan } from "./send.ts";

const v6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === "::1"),
);

/** What arrives, as `protocol port`, or `protocol port BYTES` for a datagram. */
type Arrivals = string[];

/** A free port that notes in `arrivals` what comes in until the test ends. */
async function listen(protocol: Protocol, address: string, arrivals: Arrivals): Promise<Step> {
  let number: number;
  if (protocol === "tcp") {
    const server = createServer((socket) => {
      arrivals.push(`tcp ${number}`);
      socket.on("error", () => {});
      socket.destroy();
    });
    await once(server.listen(0, address), "listening");
    number = (server.address() as AddressInfo).port;
    onTestFinished(() => void server.close());
  } else {
    const socket = createSocket(address === "::1" ? "udp6" : "udp4");
    socket.on("message", (bytes) => arrivals.push(`udp ${number} ${bytes.toString("hex")}`));
    await once(socket.bind(0, address), "listening");
    number = socket.address().port;
    onTestFinished(() => void socket.close());
  }
  return { number, protocol, text: String(number) };
}

function plan(steps: readonly Step[], delay = 0): KnockPlan {
  return { host: "localhost", family: 0, steps, delay, full: false, payload: new Uint8Array(1) };
}

describe.each(["127.0.0.1", "::1"])("to %s", (address) => {
  test.skipIf(address === "::1" && !v6)("each step arrives once, in order", async () => {
    const arrivals: Arrivals = [];
    const steps: Step[] = [];
    for (const protocol of ["tcp", "udp", "tcp", "tcp", "udp"] as const) {
      steps.push(await listen(protocol, address, arrivals));
    }
    const announced: Step[] = [];
    // The delay lets this process take in one packet before it sends the next.
    await sendPlan(plan(steps, 20), { address }, (step) => announced.push(step));
    await expect.poll(() => arrivals.length).toBeGreaterThanOrEqual(steps.length);
    expect(announced).toEqual(steps);
    expect(arrivals).toEqual(
      steps.map(({ protocol, number }) =>
        protocol === "tcp" ? `tcp ${number}` : `udp ${number} 00`,
      ),
    );
  });

  test.skipIf(address === "::1" && !v6)("a port that refuses is no error", async () => {
    const arrivals: Arrivals = [];
    const last = await listen("udp", address, arrivals);
    const refusing: Step[] = [
      { number: 1, protocol: "tcp", text: "1" },
      { number: 1, protocol: "udp", text: "1" },
    ];
    await sendPlan(plan([...refusing, ...refusing, last]), { address }, () => {});
    await expect.poll(() => arrivals.length).toBeGreaterThan(0);
  });
});

test("32 steps without a delay all arrive", async () => {
  const arrivals: Arrivals = [];
  const step = await listen("tcp", "127.0.0.1", arrivals);
  await sendPlan(plan(Array(32).fill(step)), { address: "127.0.0.1" }, () => {});
  await expect.poll(() => arrivals.length).toBe(32);
});

test.each<[Protocol]>([["tcp"], ["udp"]])(
  "%s packets that this system refuses to send are told at the end, and the others are sent",
  async (protocol) => {
    // Broadcast is neither a TCP destination nor allowed to a UDP socket that did not ask for it.
    const steps: Step[] = [
      { number: 7, protocol, text: "echo" },
      { number: 8, protocol, text: "8" },
    ];
    const announced: string[] = [];
    const sent = sendPlan(plan(steps), { address: "255.255.255.255" }, ({ text }) =>
      announced.push(text),
    );
    await expect(sent).rejects.toMatchObject({
      code: "SEND",
      message: expect.stringMatching(
        `^cannot send to ${protocol} 255[.0-9]+:echo: [a-z ]+, to ${protocol} 255[.0-9]+:8: [a-z ]+$`,
      ),
    });
    expect(announced).toEqual(["echo", "8"]);
  },
);

test("a full step waits for its answer, also if that is no", async () => {
  const refusing: Step = { number: 1, protocol: "tcp", text: "1" };
  const refused: number[] = [];
  for (let i = 0; i < 3; i++) {
    const begin = performance.now();
    const full = { ...plan([refusing, refusing]), full: true };
    await sendPlan(full, { address: "127.0.0.1" }, () => {});
    refused.push(performance.now() - begin);
  }
  await expect(
    sendPlan({ ...plan([refusing]), full: true }, { address: "255.255.255.255" }, () => {}),
  ).rejects.toMatchObject({ code: "SEND" });
  // An answer that does not come would be waited for so long each. The fastest counts: others use this
  // machine, too.
  expect(Math.min(...refused)).toBeLessThan(2 * firstSynTime);
});

test("datagrams carry the payload, and come from the source", async () => {
  const socket = createSocket("udp4");
  await once(socket.bind(0, "127.0.0.1"), "listening");
  onTestFinished(() => void socket.close());
  const step: Step = { number: socket.address().port, protocol: "udp", text: "x" };
  const arrived = once(socket, "message");
  const route = { address: "127.0.0.1", source: "127.0.0.3" };
  await sendPlan({ ...plan([step]), payload: Buffer.from("sesame") }, route, () => {});
  const [bytes, { address }] = await arrived;
  expect([String(bytes), address]).toEqual(["sesame", "127.0.0.3"]);
});

test.each([undefined, "127.0.0.3"])(
  "a sealed step is made of the address that it leaves from: %s",
  async (source) => {
    const socket = createSocket("udp4");
    await once(socket.bind(0, "127.0.0.1"), "listening");
    onTestFinished(() => void socket.close());
    let made = 0;
    const step: Step = {
      number: socket.address().port,
      protocol: "udp",
      text: "x",
      seal: (from) => Buffer.from(`${++made} ${from}`),
    };
    const arrivals: string[] = [];
    socket.on("message", (bytes, { address }) => arrivals.push(`${bytes} ${address}`));
    const route =
      source === undefined ? { address: "127.0.0.1" } : { address: "127.0.0.1", source };
    for (let i = 0; i < 2; i++) await sendPlan(plan([step]), route, () => {});
    await expect.poll(() => arrivals.length).toBe(2);
    const from = source ?? "127.0.0.1";
    expect(arrivals).toEqual([`1 ${from} ${from}`, `2 ${from} ${from}`]);
  },
);

test("a sealed step that cannot be sent or made is told", async () => {
  const sealed = (seal: Step["seal"] & object): Step => ({
    number: 7,
    protocol: "udp",
    text: "7",
    seal,
  });
  const fine = sealed(() => new Uint8Array(1));
  const route = { address: "127.0.0.1", source: "192.0.2.77" };
  await expect(sendPlan(plan([fine]), route, () => {})).rejects.toMatchObject({
    code: "SEND",
    message: "cannot send to udp 127.0.0.1:7: address not available",
  });
  const broken = sealed(() => {
    throw new Error("no packet");
  });
  await expect(sendPlan(plan([broken]), { address: "127.0.0.1" }, () => {})).rejects.toThrow(
    "no packet",
  );
});

test("a source that is not ours is told", async () => {
  const route = { address: "127.0.0.1", source: "192.0.2.77" };
  for (const protocol of ["tcp", "udp"] as const) {
    const sent = sendPlan(plan([{ number: 7, protocol, text: "7" }]), route, () => {});
    await expect(sent).rejects.toMatchObject({
      code: "SEND",
      message: `cannot send to ${protocol} 127.0.0.1:7: address not available`,
    });
  }
});

test("a step's own pause counts in place of the plan's", async () => {
  const steps: Step[] = [1, 2, 3].map((number) => ({ number, protocol: "tcp", text: `${number}` }));
  const paused = steps.map((step, i) => (i === 1 ? { ...step, pause: 150 } : step));
  const pauses: [own: number, usual: number][] = [];
  for (let i = 0; i < 3; i++) {
    const times: number[] = [];
    await sendPlan(plan(paused, 10), { address: "127.0.0.1" }, () => times.push(performance.now()));
    const [first = 0, second = 0, third = 0] = times;
    pauses.push([second - first, third - second]);
  }
  // The shortest count: a busy machine makes them longer.
  const own = Math.min(...pauses.map(([pause]) => pause));
  const usual = Math.min(...pauses.map(([, pause]) => pause));
  expect(own).toBeGreaterThan(2 * usual);
});
