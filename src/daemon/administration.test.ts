import { expect, test } from "vitest";
import { describeControlHandlers } from "../../test/contract/control-handlers.ts";
import { startAdministration } from "../../test/support/administration.ts";
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
  expect(await handlers.close({ ...who, forget: true })).toEqual({ closed, cut: 0 });
  expect(await handlers.leases()).toEqual([]);
  expect(await handlers.close({ ...who, forget: true })).toEqual({ closed: [], cut: 0 });
});
