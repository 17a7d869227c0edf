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
