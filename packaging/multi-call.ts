// The entry of the executable for Linux, which is three programs: the name by which it is called says
// which one; by any other name, its first argument does (`sesame knockctl status`). Each is an asset of
// its own: V8 reads the text of the one that runs, and knock is a twelfth of all.

import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { getRawAsset } from "node:sea";
import { Script } from "node:vm";
import { cachedPrograms, codeCacheOf, libraries, programs, scriptText } from "./programs.ts";

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

/**
 * Runs the asset of this name, a CommonJS module, and returns what it exports. V8 reads a program from its
 * cache, and compiles it if the cache is of another V8 or of other flags. V8 trusts what is in a cache: this
 * one is part of the executable, and no other is ever read.
 */
function load(name: string): unknown {
  const text = scriptText(bytesOf(name).toString("latin1"));
  const cache = cachedPrograms.includes(name) ? bytesOf(codeCacheOf(name)) : undefined;
  const module = { exports: {} };
  const isLibrary = (id: string) => Object.hasOwn(libraries, id);
  const requireHere = (id: string) => (isLibrary(id) ? load(id) : require(id));
  const script = new Script(text, {
    filename: name,
    ...(cache && cache.length > 0 && { cachedData: cache }),
  });
  if (cache && script.cachedDataRejected !== false && process.env["SESAME_TRACE"]) {
    console.error(`${name}: compiled without a code cache`);
  }
  script.runInThisContext()(module.exports, requireHere, module);
  return module.exports;
}

/** An asset where it lies: it must not be written to. */
function bytesOf(asset: string): Buffer {
  return Buffer.from(getRawAsset(asset) as ArrayBuffer);
}

/** Node calls its process MainThread; pidof, killall and ps -C look for the program. */
function nameProcess(name: string): void {
  try {
    writeFileSync("/proc/self/comm", name);
  } catch {
    // Without /proc, those programs do not work either.
  }
}
