import { dirname, join, resolve } from "node:path";
import { printable } from "../../../base/text.ts";
import { readPage, readServiceWorker } from "../../page-file.ts";
import type { Io } from "../../program.ts";
import type { CommandLine } from "../command.ts";
import { print } from "../command.ts";
import { writePublic } from "../write-public.ts";

/** Runs `knockctl user page`: writes the page that knocks, and beside it what keeps it for use without a network. */
export async function writePageCommand(line: CommandLine, name: string, io: Io): Promise<number> {
  const file = resolve(name);
  const serviceWorker = join(dirname(file), "sw.js");
  const force = line.given.has("force");
  writePublic(file, readPage(), force);
  writePublic(serviceWorker, readServiceWorker(), force);
  print(line, io, { file, serviceWorker }, () => {
    const names = `${printable(file)} and ${printable(serviceWorker)}`;
    return `Put ${names} on a web server with https. They hold no secret.\n`;
  });
  return 0;
}
