/** The modules of the programs in the executable for Linux, by the names that it is called by. */
export const programs: Readonly<Record<string, string>> = {
  knock: "src/cli/main/knock.ts",
  knockctl: "src/cli/main/knockctl.ts",
  knockd: "src/cli/main/knockd.ts",
};

/** npm packages that are loaded when they are needed: most gateways have no fleet. */
export const libraries: Readonly<Record<string, string>> = {
  "@redis/client": "node_modules/@redis/client/dist/index.js",
};

/** The programs that have a code cache: those that must start fast. */
export const cachedPrograms: readonly string[] = ["knock", "knockd"];

/** The name of the asset that is V8's code cache of a program; it is empty for a processor it cannot be made for. */
export function codeCacheOf(name: string): string {
  return `${name}.cache`;
}

/** The text that V8 compiles for a bundle: the cache is of this text. */
export function scriptText(bundle: string): string {
  return `(function (exports, require, module) {${bundle}\n})`;
}
