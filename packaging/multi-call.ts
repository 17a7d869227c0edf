// The entry of the executable for Linux, which is three programs: the name by which it is called says
// which one; by any other name, its first argument does (`sesame knockctl status`). Each is an asset of
// its own: V8 reads the text of the one that runs, and knock is a twelfth of all.

import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { getAsset } from "node:sea";
import { Script } from "node:vm";
import { libraries, programs } from "./programs.ts";

/** The `require` of the executable, which has Node's own modules. */
declare const require: (id: string) => unknown;

const called = () => basename(process.argv[1] ?? "");
const isProgram = () => Object.hasOwn(programs, called());
if (!isProgram()) process.argv.splice(1, 1);

if (isProgram()) {
  nameProcess(called());
  load(called());
} else {
  console.error(`usage: sesame ${Object.keys(programs).join("|")} [ARGUMENT...]`);
  process.exitCode = 2;
}

/** Runs the asset of this name, a CommonJS module, and returns what it exports. */
function load(name: string): unknown {
  const text = getAsset(name, "latin1");
  const wrapped = `(function (exports, require, module) {${text}\n})`;
  const module = { exports: {} };
  const isLibrary = (id: string) => Object.hasOwn(libraries, id);
  const requireHere = (id: string) => (isLibrary(id) ? load(id) : require(id));
  new Script(wrapped, { filename: name }).runInThisContext()(module.exports, requireHere, module);
  return module.exports;
}

/** Node calls its process MainThread; pidof, killall and ps -C look for the program. */
function nameProcess(name: string): void {
  try {
    writeFileSync("/proc/self/comm", name);
  } catch {
    // Without /proc, those programs do not work either.
  }
}
