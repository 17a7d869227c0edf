// Makes dist/NAME/NAME.cjs of each program: `npm run build` runs it.
//
// What a program loads in every run is one file, or two: to load a hundred small files would be a third of the daemon's
// start, and Node's loader of ES modules half of the client's. What it loads on demand is in files of its own, since V8
// reads all of a file before it runs the first line. bin/code-cache.cjs spares it that where a file is large.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { transform } from "esbuild";
import { rolldown } from "rolldown";

const root = join(import.meta.dirname, "..");

await buildProgram("knock", { start: 0 });
// These begin with little, and load at once what V8 reads from a cache.
await buildProgram("knockctl", { start: 0, commands: 1 });
await buildProgram("knockd", { start: 0, daemon: 1 });

/**
 * Builds a program. `files` names its files by how many dynamic imports lead to their modules, at least; of all other
 * modules rolldown makes files for each dynamic import, and for what several of them need.
 *
 * @param {string} name
 * @param {Readonly<Record<string, number>>} files
 */
async function buildProgram(name, files) {
  /** @type {ReadonlyMap<string, number>} */
  let depths = new Map();
  const bundle = await rolldown({
    input: { [name]: join(root, `src/cli/main/${name}.ts`) },
    platform: "node",
    // A module that one place needs at once, and another on demand, is no mistake.
    checks: { ineffectiveDynamicImport: false },
    plugins: [
      {
        name: "depths",
        buildEnd() {
          depths = depthsOf([...this.getModuleIds()].flatMap((id) => this.getModuleInfo(id) ?? []));
        },
      },
    ],
  });
  const folder = join(root, "dist", name);
  const { output } = await bundle.generate({
    dir: folder,
    format: "cjs",
    entryFileNames: "[name].cjs",
    // A program that goes on while an upgrade replaces its files must find none of another version.
    chunkFileNames: "[name]-[hash].cjs",
    sourcemap: "inline",
    codeSplitting: {
      groups: Object.entries(files).map(([file, depth]) => ({
        name: file,
        test: (id) => depths.get(id) === depth,
        // What the entry needs at once stays out of the later files.
        priority: Object.keys(files).length - depth,
      })),
    },
  });
  mkdirSync(folder, { recursive: true });
  for (const chunk of output) {
    if (chunk.type !== "chunk") continue;
    const isCached = (files[chunk.name] ?? 0) > 0;
    const { code, map } = await compact(chunk.code, chunk.fileName);
    // No other version of the file may find its cache: V8 compares no more than the length.
    const name = isCached ? `${chunk.name}-${hashOf(code)}.cjs` : chunk.fileName;
    writeFileSync(join(folder, name), `${code}//# sourceMappingURL=${name}.map\n`);
    writeFileSync(join(folder, `${name}.map`), map);
    if (isCached) {
      const load = `require("../../bin/code-cache.cjs").load(module, require, "${name}")`;
      writeFileSync(join(folder, chunk.fileName), `module.exports = ${load};\n`);
    }
  }
}

/**
 * Returns of each module how many dynamic imports lead to it from the entry, at least.
 *
 * @param {readonly import("rolldown").ModuleInfo[]} modules
 */
function depthsOf(modules) {
  const found = new Map(modules.map((info) => [info.id, info]));
  /** @type {Map<string, number>} */
  const depths = new Map();
  let ids = modules.filter(({ isEntry }) => isEntry).map(({ id }) => id);
  for (let depth = 0; ids.length > 0; depth++) {
    /** @type {string[]} */
    const onDemand = [];
    for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
      const info = found.get(id);
      if (info === undefined || depths.has(id)) continue;
      depths.set(id, depth);
      ids.push(...info.importedIds);
      onDemand.push(...info.dynamicallyImportedIds);
    }
    ids = onDemand;
  }
  return depths;
}

/** @param {string} code */
function hashOf(code) {
  return createHash("sha256").update(code).digest("hex").slice(0, 16);
}

/**
 * ASCII: one other letter would make V8 keep two bytes for each letter of a file.
 *
 * @param {string} code
 * @param {string} sourcefile
 */
async function compact(code, sourcefile) {
  return await transform(code, {
    sourcefile,
    format: "cjs",
    platform: "node",
    target: "node20.19",
    minify: true,
    charset: "ascii",
    supported: { "dynamic-import": false },
    sourcemap: "external",
    sourcesContent: false,
  });
}
