import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plugin } from "esbuild";
import { build } from "esbuild";

const root = join(import.meta.dirname, "..");

/** A program in one file. */
export interface Bundle {
  readonly code: string;
  /** The names of the npm packages in it. */
  readonly packages: readonly string[];
}

/** How a program is bundled, besides its entry. */
export interface BundleOptions {
  /** The format of the file; CommonJS, if it is not said. */
  readonly format?: "cjs" | "esm";
  /** The oldest Node that runs it. */
  readonly target?: string;
  /** The first line. */
  readonly banner?: string;
  /** npm packages that stay outside. */
  readonly external?: readonly string[];
}

/**
 * One file that is `entry`, a module in the root folder: all of its code and nothing of Node's; and the
 * npm packages that are in it. The same sources give the same text, wherever they lie.
 *
 * The text is ASCII: one other letter would make V8 keep two bytes for each.
 */
export async function bundle(entry: string, options: BundleOptions = {}): Promise<Bundle> {
  const { format = "cjs", target = "node20.19", banner, external = [] } = options;
  const { outputFiles, metafile } = await build({
    stdin: { contents: entry, loader: "ts", resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    platform: "node",
    format,
    target,
    minify: true,
    charset: "ascii",
    external: [...external],
    // A script of node:vm has no import().
    supported: { "dynamic-import": format === "esm" },
    ...(banner !== undefined && { banner: { js: banner } }),
    plugins: [await fixedVersion(), ownPage, koffiBeside],
    // What it warns of would be an error of the program.
    logOverride: { "empty-import-meta": "error" },
    logLevel: "error",
    metafile: true,
    write: false,
  });
  return { code: outputFiles[0]?.text ?? "", packages: packagesOf(Object.keys(metafile.inputs)) };
}

/** Returns the names of the packages that files in the root folder are of, such as `valibot` or `@koromix/koffi-linux-x64`. */
export function packagesOf(files: readonly string[]): string[] {
  const names = files.map((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

/** The page that knocks, as `npm run build` makes it, within the program: there is no file beside it. */
const ownPage: Plugin = {
  name: "own page",
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/]src[\\/]cli[\\/]page-file\.ts$/ }, async () => {
      const built = async (name: string) =>
        JSON.stringify(await readFile(join(root, "dist/page", name), "utf8"));
      return {
        contents: `
          const encode = (text) => new TextEncoder().encode(text);
          export const readPage = () => encode(${await built("index.html")});
          export const readServiceWorker = () => encode(${await built("sw.js")});
          export const readConsolePage = () => ({
            "index.html": encode(${await built("console/index.html")}),
            "console.js": encode(${await built("console/console.js")}),
            "console.css": encode(${await built("console/console.css")}),
            "icon.svg": encode(${await built("console/icon.svg")}),
          });
        `,
      };
    }),
};

/**
 * koffi is a file beside the executable. (An asset inside the executable would need a writable folder, and
 * hardened servers run nothing from folders that all users can write.)
 */
const koffiBeside: Plugin = {
  name: "koffi beside",
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/]src[\\/]ffi[\\/]koffi-path\.ts$/ }, () => ({
      contents: `
        import { dirname, join } from "node:path";
        export const koffiPath = join(dirname(process.execPath), "koffi.node");
      `,
      resolveDir: root,
    })),
};

/** The version as a constant: there is no package.json beside an executable. */
async function fixedVersion(): Promise<Plugin> {
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const contents = `export const version = ${JSON.stringify(version)};`;
  return {
    name: "fixed version",
    setup: ({ onLoad }) =>
      onLoad({ filter: /[\\/]src[\\/]cli[\\/]version\.ts$/ }, () => ({ contents })),
  };
}
