// Makes V8's code caches of knockctl and knockd, by this Node and for it: see code-cache.cjs.
//
//   node bin/make-code-caches.cjs
"use strict";

const { spawnSync } = require("node:child_process");
const {
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");

const [, , name, ...args] = process.argv;
if (name === undefined) {
  makeCaches();
} else {
  run();
}

/** A cache has what V8 compiled for what the program did. Without one a start takes longer, and that is all. */
function makeCaches() {
  const folder = mkdtempSync(join(tmpdir(), "sesame-"));
  try {
    const config = join(folder, "knockd.conf");
    const [one, two] = [7003, 7004].map((port) => `sequence = ${port},9140,8455\ntcpflags = syn`);
    writeFileSync(
      config,
      `[options]\ninterface = lo\n[one]\n${one}\ncommand = :\n[two]\n${two}\nopen = tcp/22\n`,
    );
    // The daemon starts in a network of its own, where such a thing may be made, and else reads a configuration.
    const world = ["unshare", "--map-root-user", "--net"];
    const isMade = {
      knockctl: makeCache("knockctl", folder, ["--help"]),
      knockd:
        makeCache("knockd", folder, ["-v", "-c", config], world) ||
        makeCache("knockd", folder, ["-t", "-c", config]),
    };
    for (const program in isMade) {
      if (isMade[program]) continue;
      console.error(`no code cache of ${program} could be made: it starts more slowly`);
      process.exitCode = 1;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** V8 takes a cache only if it was made with the same options, which are in the first line of a program. */
function makeCache(program, folder, words, world = []) {
  if (!existsSync(join(__dirname, "../dist", program))) return true;
  const [, options = ""] =
    /^#!.* node(.*)\n/.exec(readFileSync(join(__dirname, program), "utf8")) ?? [];
  const { NODE_OPTIONS: _, SESAME_TRACE: __, ...environment } = process.env;
  const env = { ...environment, STATE_DIRECTORY: folder, RUNTIME_DIRECTORY: folder };
  const node = [process.execPath, ...options.split(" ").filter((word) => word !== ""), __filename];
  const [command, ...rest] = [...world, ...node, program, ...words];
  return spawnSync(command, rest, { env, stdio: "ignore", timeout: 20_000 }).status === 0;
}

/** Runs a program, a daemon until it listens, and writes the caches of what it has loaded. */
function run() {
  const { cacheOf, scripts } = require("./code-cache.cjs");
  process.on("exit", () => {
    for (const [file, script] of scripts) {
      // V8 ends a program at a cache of which it reads half: neither one that starts meanwhile, nor one after a power cut,
      // may find that. And whoever can write to it could run code as root.
      const draft = `${cacheOf(file)}.${process.pid}`;
      writeFileSync(draft, script.createCachedData(), { mode: 0o644, flush: true });
      renameSync(draft, cacheOf(file));
    }
  });
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (text, ...rest) =>
    String(text).startsWith("listening on") ? process.exit(0) : write(text, ...rest);
  process.argv = [process.execPath, join(__dirname, name), ...args];
  require(`../dist/${name}/${name}.cjs`);
}
