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
