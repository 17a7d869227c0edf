import { describeControlHandlers } from "../../test/contract/control-handlers.ts";
import { startAdministration } from "../../test/support/administration.ts";

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
