import { systemClock } from "../../src/base/clock.ts";
import { describeBoard } from "../contract/board.ts";
import { MemoryStore } from "./memory-board.ts";

describeBoard("memory", async () => {
  const store = new MemoryStore(systemClock);
  return {
    connect: () => store.open(),
    refuse: async () => {
      store.refusal = "OOM";
    },
    kill: async () => store.stop(),
    flush: async () => store.flush(),
    close: async () => store.stop(),
  };
});
