import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { describeControlHandlers } from "../../test/contract/control-handlers.ts";
import { byCommands } from "../../test/support/accesses.ts";
import { startAdministration } from "../../test/support/administration.ts";
import { temporaryFolder } from "../../test/support/control-server.ts";
import { address } from "../../test/support/packets.ts";
import { KnockError } from "../base/errors.ts";

/** Directives that a daemon can change while it runs, and some that it cannot. */
const options = `
    UseSyslog
    LogFormat = json
    LogRate = 100
    PidFile = /run/other.pid
    Interface = lo
    MaxAttempts = 7000
    MaxCommands = 7
    ControlSocket = /run/other.sock
    MetricsListen = 127.0.0.1:9100
`;

describeControlHandlers("Administration", async () => {
  const { handlers, clock, log, configure } = await startAdministration();
  return {
    handlers,
    clock,
    log: (entry) => log.write(entry),
    editConfig: (how) => configure(how === "options" ? options : "Interface"),
  };
});

test("close on a lease that is closing waits for that, 10 s at most, and says what it waits for", async () => {
  const { handlers, leaseManager, clock } = await startAdministration();
  const gate = join(temporaryFolder(), "gate");
  execFileSync("mkfifo", [gate]);
  const who = { door: "vpn", source: address("192.0.2.7") };
  const access = byCommands(who, { start: "true", stop: `read -r _ <'${gate}'` });
  await leaseManager.open({ access, length: 1000, again: "extend" });
  clock.advance(1000);
  const closing = handlers.close({ door: "vpn", address: who.source });
  clock.advance(10_000);
  await expect(closing).rejects.toMatchObject({
    code: "COMMAND",
    message: '"vpn" for 192.0.2.7 is still being closed: its stop command runs',
  });
  const closed = handlers.close({});
  await writeFile(gate, "go\n");
  expect(await closed).toEqual({ closed: [who], connectionsCut: 0 });
  expect(leaseManager.leases).toEqual([]);
});

test("close does not say closed where that failed while the start command runs", async () => {
  const { handlers, leaseManager } = await startAdministration();
  const gate = join(temporaryFolder(), "gate");
  execFileSync("mkfifo", [gate]);
  const who = { door: "vpn", source: address("192.0.2.7") };
  const access = byCommands(who, { start: `read -r _ <'${gate}'`, stop: "exit 3" });
  const opening = leaseManager.open({ access, length: 1000, again: "extend" });
  await expect.poll(() => leaseManager.leases[0]?.state.kind).toBe("starting");
  await expect(handlers.close({ door: "vpn", address: who.source })).rejects.toMatchObject({
    code: "COMMAND",
    message:
      '"vpn" for 192.0.2.7 may still be open: closing failed 1 time: ' +
      "command returned non-zero status code (3)",
  });
  expect(handlers.status().problems).toContainEqual(
    expect.objectContaining({ code: "close-failed", door: "vpn" }),
  );
  await writeFile(gate, "go\n");
  await opening;
});

test("a mistake in the fleet is one of the request, also while a stop command runs", async () => {
  const { handlers, leaseManager, fleet } = await startAdministration();
  const gate = join(temporaryFolder(), "gate");
  execFileSync("mkfifo", [gate]);
  const who = { door: "vpn", source: address("192.0.2.7") };
  const access = byCommands(who, { start: "true", stop: `read -r _ <'${gate}'` });
  await leaseManager.open({ access, length: 1000, again: "extend" });
  const mistakes: unknown[] = [];
  const note = (mistake: unknown) => mistakes.push(mistake);
  process.on("unhandledRejection", note);
  onTestFinished(() => void process.off("unhandledRejection", note));
  vi.spyOn(fleet, "close").mockRejectedValue(new Error("oh"));
  // Expected at once: the request may end before the gate is written.
  const closing = expect(handlers.close({ door: "vpn", address: who.source })).rejects.toThrow(
    "oh",
  );
  await expect.poll(() => leaseManager.leases[0]?.state.kind).toBe("closing");
  await writeFile(gate, "go\n");
  await closing;
  expect(leaseManager.leases).toEqual([]);
  expect(mistakes).toEqual([]);
});

test("leases says what the kernel forgot, and nothing if it cannot be asked", async () => {
  const { handlers, backend } = await startAdministration();
  await handlers.open({ door: "ssh", address: address("192.0.2.7") });
  backend.flush();
  expect(await handlers.leases()).toMatchObject([{ door: "ssh", inKernel: false }]);
  backend.fail(new KnockError("FIREWALL", "nftables is closed"));
  const [lease] = await handlers.leases();
  expect(lease).toMatchObject({ door: "ssh", state: "open" });
  expect(lease).not.toHaveProperty("inKernel");
});

test("what could not be closed is listed, is a problem, and is closed or forgotten on request", async () => {
  const { handlers, backend } = await startAdministration();
  const who = { door: "ssh", address: address("192.0.2.7") };
  await handlers.open(who);
  await expect(handlers.close({ ...who, forget: true })).rejects.toMatchObject({ code: "USAGE" });
  backend.fail(new KnockError("FIREWALL", "nftables is closed"));
  await expect(handlers.close(who)).rejects.toMatchObject({ code: "COMMAND" });
  await expect(handlers.close(who)).rejects.toMatchObject({ code: "COMMAND" });
  const failure = {
    ...{ reason: "command could not be started: nftables is closed", attempts: 2 },
    ...{ since: new Date("2026-11-22T13:26:05.000Z"), givenUp: false },
  };
  expect(await handlers.leases()).toMatchObject([{ door: "ssh", state: "closing", failure }]);
  const message =
    '"ssh" for 192.0.2.7 may still be open: closing failed 2 times: ' +
    "command could not be started: nftables is closed";
  const problem = { code: "close-failed", message, door: "ssh", source: who.address };
  expect(handlers.status().problems).toContainEqual(problem);
  const closed = [{ door: "ssh", source: who.address }];
  expect(await handlers.close({ ...who, forget: true })).toEqual({ closed, connectionsCut: 0 });
  expect(await handlers.leases()).toEqual([]);
  expect(await handlers.close({ ...who, forget: true })).toEqual({ closed: [], connectionsCut: 0 });
});

test("a reload that was refused is a problem until one is not", async () => {
  const { handlers, configure } = await startAdministration();
  configure("Interface");
  await handlers.reload({});
  const [problem, ...others] = handlers.status().problems;
  expect(problem).toMatchObject({
    code: "config-refused",
    message: expect.stringMatching(
      /^the last reload was refused, the configuration of before is in force: .*knockd\.conf:2/,
    ),
    hints: [
      "Interface = …",
      expect.stringMatching(/^knockctl check .*knockd\.conf$/),
      "then: knockctl reload",
    ],
  });
  expect(others).toEqual([]);
  configure("");
  await handlers.reload({});
  expect(handlers.status().problems).toEqual([]);
});

test("a name that is near one of a door, or all, is answered with that", async () => {
  const { handlers } = await startAdministration();
  const refused = (hint: string) => expect.objectContaining({ hints: [hint] });
  await expect(handlers.close({ door: "shs" })).rejects.toEqual(refused('did you mean "ssh"?'));
  await expect(handlers.close({ door: "al" })).rejects.toEqual(refused('did you mean "all"?'));
  await expect(handlers.close({ door: "xyzzy" })).rejects.toEqual(
    refused("knockctl doors lists them"),
  );
});

test("traffic counts what came of packets, sequences and keys alike", async () => {
  const { handlers, counters, knockCounters } = await startAdministration();
  expect(await handlers.traffic()).toEqual([]);
  counters.countPacket([]);
  counters.countMartian();
  counters.countOpening("ssh", "opened");
  counters.countOpening("ssh", "failed");
  counters.countKernelOpening("ssh");
  knockCounters.count("udp", "accepted");
  knockCounters.count("stun", "replay");
  expect(await handlers.traffic()).toEqual([
    { time: new Date("2026-11-22T13:26:00.000Z"), packets: 4, steps: 1, openings: 2, refusals: 1 },
  ]);
});
