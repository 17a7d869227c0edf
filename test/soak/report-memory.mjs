// Loaded into the daemon by `node --expose-gc --import`: whenever SIGUSR2 comes it collects garbage and
// adds a line to the file $SOAK_REPORT. The daemon itself is the one that ships.
import { openSync, writeSync } from "node:fs";

const file = process.env["SOAK_REPORT"];
// Opened once: there are moments without a free descriptor.
const report = file === undefined ? undefined : openSync(file, "a");
// Its commands are no part of this.
delete process.env["SOAK_REPORT"];

process.on("SIGUSR2", () => {
  globalThis.gc?.();
  let memory;
  try {
    memory = process.memoryUsage();
  } catch {
    return; // No descriptor is free to read it.
  }
  const line = { memory, resources: process.getActiveResourcesInfo() };
  if (report !== undefined) writeSync(report, `${JSON.stringify(line)}\n`);
});
