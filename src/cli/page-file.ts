import { existsSync, readFileSync } from "node:fs";

/** Beside the programs as they are built, and from here to what was built of the sources. */
const places = ["../page/index.html", "../../dist/page/index.html"];

/** The page that knocks, as the build makes it. A single executable brings its own in place of this file. Throws when it is not there. */
export function readPage(): Uint8Array {
  const urls = places.map((place) => new URL(place, import.meta.url));
  const [found = urls[0]] = urls.filter((url) => existsSync(url));
  return readFileSync(found as URL);
}
