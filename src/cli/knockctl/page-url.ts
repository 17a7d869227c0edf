import { KnockError } from "../../base/errors.ts";
import { printable } from "../../base/text.ts";

/** Reads the URL of a page (http, https, file), without a fragment. Throws USAGE. */
export function readPageUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^(?:https?|file):$/.test(url.protocol)) {
    const hints = ["the whole address of the page: https://www.example.org/knock.html"];
    throw new KnockError("USAGE", `"${printable(text)}" is not the address of a page`, { hints });
  }
  url.hash = "";
  return url;
}
