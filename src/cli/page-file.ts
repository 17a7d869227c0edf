import { existsSync, readFileSync } from "node:fs";

/** Beside the programs as they are built, and from here to what was built of the sources. */
const places = ["../page/", "../../dist/page/"];

/** The page that knocks, as the build makes it. A single executable brings its own in place of this file. Throws when it is not there. */
export function readPage(): Uint8Array {
  return readBuilt("index.html");
}

/** The service worker that keeps the page for use without a network. Throws when it is not there. */
export function readServiceWorker(): Uint8Array {
  return readBuilt("sw.js");
}

/** The files of the console's page, by name. Throws when they are not there. */
export function readConsolePage(): Record<ConsolePageName, Uint8Array> {
  return {
    "index.html": readBuilt("console/index.html"),
    "console.js": readBuilt("console/console.js"),
    "console.css": readBuilt("console/console.css"),
    "icon.svg": readBuilt("console/icon.svg"),
  };
}

type ConsolePageName = "index.html" | "console.js" | "console.css" | "icon.svg";

function readBuilt(name: string): Uint8Array {
  const urls = places.map((place) => new URL(`${place}${name}`, import.meta.url));
  const [found = urls[0]] = urls.filter((url) => existsSync(url));
  return readFileSync(found as URL);
}
