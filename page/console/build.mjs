// Makes dist/page/console/ of the files beside this one: `npm run build` runs it.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

/** @param {string} name */
const here = (name) => new URL(name, import.meta.url);
const built = new URL("../../dist/page/console/", import.meta.url);
mkdirSync(built, { recursive: true });

buildSync({
  entryPoints: [fileURLToPath(here("main.ts"))],
  outfile: fileURLToPath(new URL("console.js", built)),
  bundle: true,
  format: "esm",
  target: ["chrome103", "firefox100", "safari16"],
  charset: "utf8",
  // Names stay, so that it can be read.
  minifyWhitespace: true,
  lineLimit: 80,
});
const html = readFileSync(here("template.html"), "utf8");
writeFileSync(new URL("index.html", built), html);
const styles = ["../colours.css", "style.css"].map((name) => readFileSync(here(name), "utf8"));
writeFileSync(new URL("console.css", built), styles.join("\n"));
copyFileSync(here("../icon.svg"), new URL("icon.svg", built));
