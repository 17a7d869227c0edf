// Loaded into the daemon by `node --expose-gc --import`: whenever SIGUSR2 comes it collects garbage and
// adds a line to the file $SOAK_REPORT. The daemon itself is the one that ships.
import { appendFileSync } from "node:fs";

const file = process.env["SOAK_REPORT"];
// Its commands are no part of this.
delete process.env["SOAK_REPORT"];

process.on("SIGUSR2", () => {
  globalThis.gc?.();
  const line = { memory: process.memoryUsage(), resources: process.getActiveResourcesInfo() };
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(line)}\n`);
});
