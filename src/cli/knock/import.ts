import { KnockError } from "../../base/errors.ts";
import { isProfileName } from "../../client/profile-edit.ts";
import { changeProfiles, usualPath } from "../../client/profile-file.ts";
import type { ImportedProfile } from "../../client/profile-import.ts";
import { importProfile } from "../../client/profile-import.ts";
import { SecretText } from "../../client/secret-text.ts";
import { usualTimeout } from "../../client/wait.ts";
import { parseKey } from "../../knock/keys.ts";
import type { LinkProblem } from "../../knock/link.ts";
import { parseLink } from "../../knock/link.ts";
import type { Io, ProgramInput } from "../program.ts";
import { localizeKnock } from "../words/knock-korean.ts";
import type { KnockCommandLine } from "./command-line.ts";
import { expectAlone } from "./expect-alone.ts";

/** Reads a `sesame:` line from standard input, and saves it as a profile. Returns the exit code 0. */
export async function importLine(line: KnockCommandLine, io: Io): Promise<number> {
  expectAlone("import", line);
  const path = line.get("file") ?? usualPath();
  const input = io.input?.() ?? [];
  if ("isTTY" in input && input.isTTY && !line.has("quiet")) {
    io.stderr(localizeKnock("Paste the sesame: line:\n"));
  }
  const profile = readLink(await readLine(input), line.get("name"));
  changeProfiles(path, (edited) => importProfile(edited, profile, line.has("force")));
  if (!line.has("quiet")) {
    const mode = process.platform === "win32" ? "" : " (0600)";
    io.stderr(localizeKnock(`${profile.name} is in ${path}${mode}. Try: knock ${profile.name}\n`));
  }
  return 0;
}

/** Longer than any line with a key: characters. */
const longestInput = 16_384;

/**
 * Returns the first line of standard input that begins with `sesame:`, or with the address of a page, and reads no
 * further. Throws `USAGE` if there is none; the error quotes nothing that was read.
 */
async function readLine(input: ProgramInput | readonly never[]): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of input) {
    text += typeof piece === "string" ? piece : decoder.decode(piece, { stream: true });
    const found = findLink(text.split("\n").slice(0, -1));
    if (found !== undefined) return found;
    if (text.length > longestInput) break;
  }
  const last = findLink(text.split("\n"));
  if (last !== undefined) return last;
  throw new KnockError("USAGE", "standard input has no sesame: line", {
    hints: [
      "paste the line that knockctl user add printed, or give its file: knock --import <FILE",
    ],
  });
}

function findLink(lines: readonly string[]): string | undefined {
  return lines.map((line) => line.trim()).find((line) => /^(?:sesame:|https?:\/\/)/.test(line));
}

const parts: Readonly<Record<LinkProblem, string>> = {
  key: "the key is not whole, or misspelt",
  host: "the host is missing or invalid",
  port: "the port is missing or invalid",
  door: "the door is missing or invalid",
  name: "the name is missing or invalid",
  wait: "the port to wait for is invalid",
  addresses: "an address is invalid",
  openFor: "the time is invalid",
};

/** Reads a line. Throws `USAGE`; the error quotes nothing but the name. */
function readLink(text: string, ownName: string | undefined): ImportedProfile {
  const link = parseLink(text);
  if (typeof link === "string") throw broken(parts[link]);
  const { key, host, port, door, wait } = link;
  const name = ownName ?? link.name;
  if (!isProfileName(name)) {
    throw new KnockError("USAGE", `'${name}' cannot be the name of a profile`, {
      hints: ["--name NAME gives it another: a word without * ? ! # , = and quotes"],
    });
  }
  if (key !== undefined && typeof parseKey(key) === "string") {
    throw broken("the key is damaged: its checksum is wrong");
  }
  return {
    name,
    host,
    ...(key !== undefined && { key: new SecretText(key) }),
    knockPort: port,
    doors: [door],
    ...(wait !== undefined && { wait: { port: wait, timeout: usualTimeout } }),
  };
}

function broken(what: string): KnockError {
  return new KnockError("USAGE", `the sesame: line is broken: ${what}`, {
    hints: ["copy all of it, in one line"],
  });
}
