// Makes dist/page/index.html and sw.js of the files beside this one: `npm run build` runs it.
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

/** @param {string} name */
const here = (name) => new URL(name, import.meta.url);
/** @param {string} name */
const read = (name) => readFileSync(here(name), "utf8").trim();

const { outputFiles } = buildSync({
  entryPoints: [fileURLToPath(here("main.ts"))],
  bundle: true,
  write: false,
  format: "esm",
  target: ["chrome103", "firefox100", "safari16"],
  charset: "utf8",
  // Names stay, so that it can be read.
  minifyWhitespace: true,
  lineLimit: 80,
});
const script = `\n${outputFiles.map(({ text }) => text.trim()).join("\n")}\n`;
const style = `\n${read("colours.css")}\n\n${read("style.css")}\n`;
if (/<\/(?:script|style)/i.test(script + style)) throw new Error("the page would end too early");

// Nothing is loaded, nothing runs but this very script, and sw.js beside it; requests may go to any host, as knocks do.
/** @param {string} text */
const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
const policy = [
  "default-src 'none'",
  `script-src ${hash(script)}`,
  `style-src ${hash(style)}`,
  "img-src data:",
  "manifest-src data:",
  "connect-src http: https:",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

const icon = `data:image/svg+xml,${encodeURIComponent(read("icon.svg"))}`;
const picture = `data:image/png;base64,${readFileSync(here("icon.png")).toString("base64")}`;
/** @type {Readonly<Record<string, string>>} */
const parts = {
  policy,
  icon,
  picture,
  style: `<style>${style}</style>`,
  script: `<script type="module">${script}</script>`,
};
const html = read("template.html").replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name] ?? "");
mkdirSync(here("../dist/page/"), { recursive: true });
writeFileSync(here("../dist/page/index.html"), `${html}\n`);
copyFileSync(here("sw.js"), here("../dist/page/sw.js"));
