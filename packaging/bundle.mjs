import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const root = join(import.meta.dirname, "..");

/**
 * One CommonJS file that is the program, such as `knock`: all of its code and nothing of Node's. The
 * same sources give the same text, wherever they lie.
 */
export async function bundle(program) {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { main } from "./src/cli/${program}.ts";
        import { runProgram } from "./src/cli/program.ts";
        void runProgram("${program}", main);
      `,
      loader: "ts",
      resolveDir: root,
    },
    absWorkingDir: root,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    charset: "utf8",
    plugins: [await fixedVersion()],
    // What it warns of would be an error of the program.
    logOverride: { "empty-import-meta": "error" },
    logLevel: "error",
    write: false,
  });
  return outputFiles[0].text;
}

/** The version as a constant: there is no package.json beside an executable. */
async function fixedVersion() {
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const contents = `export const version = ${JSON.stringify(version)};`;
  return {
    name: "fixed version",
    setup: ({ onLoad }) =>
      onLoad({ filter: /[\\/]src[\\/]cli[\\/]version\.ts$/ }, () => ({ contents })),
  };
}
