import { randomBytes } from "node:crypto";
import { KnockError } from "../../base/errors.ts";
import { findSettings } from "../../client/host-blocks.ts";
import { isRequested } from "../../client/profile.ts";
import { changeProfiles, readProfiles, usualPath } from "../../client/profile-file.ts";
import { requestProfile } from "../../client/profile-import.ts";
import { SecretText } from "../../client/secret-text.ts";
import { makeKey, parseKey } from "../../knock/keys.ts";
import type { Io } from "../program.ts";
import { localizeKnock } from "../words/knock-korean.ts";
import type { KnockCommandLine } from "./command-line.ts";
import { expectAlone } from "./expect-alone.ts";

/**
 * Makes a key, saves it in a profile that waits for the server's answer, and prints the lock that the server takes.
 * If the profile waits already, prints its lock again. Returns the exit code 0.
 */
export async function request(line: KnockCommandLine, io: Io): Promise<number> {
  expectAlone("request", line);
  const name = line.get("request") ?? "";
  const path = line.get("file") ?? usualPath();
  io.stdout(`${findLock(name, path, line.has("force"))}\n`);
  if (!line.has("quiet")) {
    for (const text of [
      `The key of ${name} is in ${path}. Give the line above to the administrator,\n`,
      "for knockctl user add --lock -, and the answer to knock --import.\n",
    ])
      io.stderr(localizeKnock(text));
  }
  return 0;
}

function findLock(name: string, path: string, force: boolean): string {
  const settings = findSettings(name, readProfiles(path).blocks);
  if (settings.key !== undefined && isRequested(settings) && !force) {
    return lockOf(settings.key, name);
  }
  const { key, lock } = makeKey(randomBytes(64));
  const wanted = { name, key: new SecretText(key) };
  changeProfiles(path, (edited) => requestProfile(edited, wanted, force));
  return lock;
}

function lockOf(key: SecretText, name: string): string {
  const text = key.reveal();
  if (typeof parseKey(text) === "string") {
    throw new KnockError("CONFIG", `the Key of '${name}' is damaged: its checksum is wrong`, {
      hints: ["--force makes a new one"],
    });
  }
  const bytes = Buffer.from(text.slice(text.indexOf(":") + 1), "base64url");
  return makeKey(bytes.subarray(0, 64)).lock;
}
