import { describeControlHandlers } from "../contract/control-handlers.ts";
import { ManualClock } from "./manual-clock.ts";
import { MemoryHandlers } from "./memory-handlers.ts";

describeControlHandlers("MemoryHandlers", () => {
  const clock = new ManualClock(Date.UTC(2026, 10, 22, 13, 26, 5));
  const handlers = new MemoryHandlers(clock);
  return {
    handlers,
    clock,
    log: (entry) => handlers.say(entry),
    editConfig: (how) => {
      if (how === "options") return;
      const file = "/etc/knockd.conf";
      handlers.nextReload = { kind: "refused", file, problems: [`${file}:3:12: port "x"`] };
    },
  };
});
