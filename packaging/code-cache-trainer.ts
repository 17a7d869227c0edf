// Runs a program until it has done its work, and writes what V8 has compiled of it:
//
//   scripts/private node OPTIONS packaging/code-cache-trainer.ts NAME FOLDER EXECUTABLE
//
// FOLDER has what V8 compiles as `text`, and gets `cache`. EXECUTABLE need not exist: its addon is beside it.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Script } from "node:vm";

const [node = "", , name = "", folder = "", executable = ""] = process.argv;
const state = join(folder, "state");
const config = join(folder, "knockd.conf");

/** What each program does: what most starts of it do. Ports of the loopback device, in a world of its own. */
const lines: Readonly<Record<string, readonly string[]>> = {
  knock: ["127.0.0.1", "7003", "9140", "8455"],
  knockd: ["-v", "-i", "lo", "-c", config],
};

mkdirSync(state);
const options = `interface = lo\nStateDir = ${state}\nControlSocket = ${join(folder, "control.sock")}\n`;
const door = "[ssh]\nsequence = 7003,9140,8455\ntcpflags = syn\ncommand = :\n";
writeFileSync(config, `[options]\n${options}${door}`);

const text = readFileSync(join(folder, "text"), "latin1");
const script = new Script(text, { filename: name });
process.on("exit", () => writeFileSync(join(folder, "cache"), script.createCachedData()));

// A daemon has started when it says so.
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = ((...words: Parameters<typeof write>) => {
  if (String(words[0]).startsWith("listening on")) process.exit(0);
  return write(...words);
}) as typeof write;
process.argv = [node, name, ...(lines[name] ?? [])];
process.execPath = executable;
const module = { exports: {} };
script.runInThisContext()(module.exports, createRequire(import.meta.url), module);
