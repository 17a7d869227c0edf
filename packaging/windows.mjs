// Makes release/knock.exe, one file for Windows on x64 that needs nothing installed. Exits with 77 and
// the reason where its parts cannot be had, with 1 for all that goes wrong besides.
//
//   node packaging/windows.mjs            the executable
//   node packaging/windows.mjs --fetch    only what it takes, for a build without a network

import { stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { bundle, singleProgram } from "./bundle.mjs";
import { writeExecutable } from "./executable.mjs";
import { fetchRuntime, runtimes, Unavailable } from "./runtime.mjs";

const root = join(import.meta.dirname, "..");
const file = join(root, "release/knock.exe");
const { windows, windowsMaker } = runtimes;

try {
  if (process.argv[2] === "--fetch") {
    for (const runtime of [windows, windowsMaker]) await fetchRuntime(runtime);
  } else {
    const { code } = await bundle(singleProgram("knock"));
    await writeExecutable(file, code, windows, windowsMaker);
    console.log(`${relative(root, file)}: ${((await stat(file)).size / 2 ** 20).toFixed(1)} MiB`);
  }
} catch (error) {
  console.error(`windows: ${error.message}`);
  process.exitCode = error instanceof Unavailable ? 77 : 1;
}
