import { createHash, randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { KnockError, reason } from "../../../base/errors.ts";
import { defaultConfigFile } from "../../../base/paths.ts";
import { printable } from "../../../base/text.ts";
import { quoteWord } from "../../../client/words.ts";
import type { ConfigOptions } from "../../../config/config.ts";
import { defaultOptions } from "../../../config/config.ts";
import { formatFleetKey } from "../../../config/fleet-file.ts";
import { readConfig } from "../../../config/load.ts";
import type { FleetSecrets } from "../../../daemon/state/fleet-file.ts";
import { readFleetFile } from "../../../daemon/state/fleet-file.ts";
import { storeAcl } from "../../../fleet/store-acl.ts";
import { stateOwner } from "../../../system/state-files.ts";
import type { Io } from "../../program.ts";
import type { CommandLine } from "../command.ts";
import { print } from "../command.ts";

/** Of the gateways, in the store. */
const usualUser = "sesame";

/** Bytes of a key, and of a password. */
const secretLength = 32;

/** A password from here on cannot be found by trying: its digest may be shown. */
const strongPassword = 40;

/** Runs `knockctl fleet key`. */
export async function makeFleetKeyCommand(line: CommandLine, io: Io): Promise<number> {
  const { fleetName, fleetFile: file, stateDir } = readOptions(line.given.get("config"));
  const isMade = !existsSync(file);
  if (isMade) writeNew(file, fleetName);
  const secrets = await readFleetFile(file, stateOwner(stateDir));
  const acl = storeAcl(fleetName, secrets.user ?? usualUser, passwordForAcl(secrets));
  print(line, io, { fleet: fleetName, file, made: isMade, acl }, () =>
    [
      isMade ? `Made ${printable(file)}` : `${printable(file)} is there, and stays as it is`,
      `: the key of the fleet "${fleetName}".\n\n`,
      "1. Add this line to the ACL file of the store (aclfile in redis.conf), and restart it:\n\n",
      `${acl}\n\n`,
      "2. Copy the file to each gateway, where root alone may read it:\n\n",
      `    scp -p ${quoteWord(file)} root@GATEWAY:${quoteWord(file)}\n\n`,
      "3. Add these lines to [options] of knockd.conf on each gateway, and run knockctl reload:\n\n",
      `    Fleet     = redis://STORE:6379\n    FleetName = ${fleetName}\n`,
      file === defaultOptions.fleetFile ? "" : `    FleetFile = ${printable(file)}\n`,
    ].join(""),
  );
  return 0;
}

function readOptions(given: string | undefined): ConfigOptions {
  const file = resolve(given ?? defaultConfigFile);
  if (given === undefined && !existsSync(file)) return defaultOptions;
  return readConfig(file, process.cwd()).options;
}

/** Writes a new file that its owner alone can read. Throws SYSTEM. */
function writeNew(file: string, fleet: string): void {
  const text = [
    `# The fleet "${fleet}": every gateway has this file. See docs/fleet.md.\n`,
    formatFleetKey(randomBytes(secretLength)),
    `user = ${usualUser}\npassword = ${randomBytes(secretLength).toString("base64url")}\n`,
  ];
  try {
    writeFileSync(file, text.join(""), { mode: 0o600, flag: "wx" });
  } catch (cause) {
    const message = `cannot write ${printable(file)}: ${reason(cause)}`;
    throw new KnockError("SYSTEM", message, { cause });
  }
}

/** A password is never shown: a strong one stands in the line as its SHA-256, any other is left out. */
function passwordForAcl({ password = "" }: FleetSecrets): string {
  if (password.length < strongPassword) return ">PASSWORD";
  return `#${createHash("sha256").update(password).digest("hex")}`;
}
