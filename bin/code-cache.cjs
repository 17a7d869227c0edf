// V8's code cache of the large files of knockd and knockctl: to compile them would be half of a start.
"use strict";

const { readFileSync } = require("node:fs");
const { Module } = require("node:module");
const { dirname, join } = require("node:path");
const { Script } = require("node:vm");

/** Where the cache of a file is. */
const cacheOf = (file) => file.replace(/\.cjs$/, ".cache");

/** What `load` has loaded, by path. */
const scripts = new Map();

/**
 * Runs `name`, a CommonJS file beside `module`, and returns what it exports. V8 takes a cache of the same V8 and
 * flags, and else compiles the file. It trusts the bytes of a cache as Node does those of a program: the cache is in the
 * same folder. V8 does not see whether the file is another one of the same length: its name has the hash of its text.
 */
function load(module, require, name) {
  const file = join(dirname(module.filename), name);
  // Only Node's own loader reads source maps.
  if (process.env.SESAME_TRACE) return require(file);
  const cachedData = readCache(file);
  const script = new Script(Module.wrap(readFileSync(file, "latin1")), {
    filename: file,
    ...(cachedData && { cachedData }),
  });
  scripts.set(file, script);
  script
    .runInThisContext()
    .call(module.exports, module.exports, require, module, file, dirname(file));
  return module.exports;
}

function readCache(file) {
  try {
    return readFileSync(cacheOf(file));
  } catch {
    // There is none: where it could not be written, or the program came without one.
    return undefined;
  }
}

module.exports = { cacheOf, load, scripts };
