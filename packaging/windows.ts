// Makes release/knock.exe, one file for Windows on x64 that needs nothing installed. Exits with 77 and
// the reason where its parts cannot be had, with 1 for all that goes wrong besides.
//
//   node --import ./bench/typescript.mjs packaging/windows.ts            the executable
//   node --import ./bench/typescript.mjs packaging/windows.ts --fetch    only what it takes, for a build without a network

import { stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { bundle } from "./bundle.ts";
import { writeExecutable } from "./executable.ts";
import { releaseFile, removeFalseNotices } from "./release.ts";
import { fetchRuntime, makerFor, Unavailable, windowsRuntime } from "./runtime.ts";

const root = join(import.meta.dirname, "..");
const file = releaseFile("knock.exe");

try {
  const maker = makerFor("windows");
  if (process.argv[2] === "--fetch") {
    for (const runtime of [windowsRuntime, maker]) await fetchRuntime(runtime);
  } else {
    const { code } = await bundle('import "./src/cli/main/knock.ts";');
    await writeExecutable({ file, main: code, runtime: windowsRuntime, maker });
    await removeFalseNotices();
    console.log(`${relative(root, file)}: ${((await stat(file)).size / 2 ** 20).toFixed(1)} MiB`);
  }
} catch (error) {
  console.error(`windows: ${error instanceof Error ? error.message : error}`);
  process.exitCode = error instanceof Unavailable ? 77 : 1;
}
