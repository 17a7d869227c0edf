import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { defaultConfigFile } from "../../base/paths.ts";
import { printable, printableLines } from "../../base/text.ts";
import { migrateAccess } from "../../config/edit/access-migration.ts";
import type { AccessNote } from "../../config/edit/access-stanzas.ts";
import { readAccess } from "../../config/edit/access-stanzas.ts";
import { addKnockPort } from "../../config/edit/key-users.ts";
import { parseConfig } from "../../config/parse.ts";
import type { Problem } from "../../config/problem.ts";
import { formatWithHint } from "../../config/problem.ts";
import { parseUsers } from "../../config/users.ts";
import { changeFiles } from "../../setup/change-files.ts";
import { difference, readable } from "../../setup/difference.ts";
import { decode, encodingOf, readBytes, setupPaths } from "../../setup/paths.ts";
import { readExisting } from "../../setup/plan.ts";
import type { Io } from "../program.ts";
import { fitLines } from "../program.ts";
import type { CommandLine } from "./command.ts";
import { print, usageError } from "./command.ts";
import { expectSound, readUsers } from "./user/files.ts";

/** To which fwknop sends unless it is told otherwise. */
const usualFwknopPort = 62_201;

/** The printed result. */
interface MigratedAccess {
  readonly file: string;
  readonly config: string;
  readonly usersFile: string;
  readonly devices: readonly string[];
  readonly changes: readonly AccessNote[];
  readonly refused: readonly AccessNote[];
  /** Unified diffs; empty if there is nothing to change. */
  readonly diff: string;
  /** Without the keys. */
  readonly usersDiff: string;
  readonly written: boolean;
  /** Why the files could not be used; lines. */
  readonly problems: readonly string[];
}

/** Runs `knockctl migrate` with an access.conf of fwknopd. */
export async function migrateAccessFile(
  line: CommandLine,
  io: Io,
  file: string,
  text: string,
): Promise<number> {
  const { given } = line;
  for (const option of ["no-native", "repair", "open-for"]) {
    if (given.has(option)) throw usageError(`--${option} does not go with a file of fwknopd`);
  }
  const configFile = resolve(given.get("config") ?? defaultConfigFile);
  const existing = readExisting(configFile);
  const paths = setupPaths(configFile, existing.options, undefined);
  const users = await readUsers(paths, existing.options.usersFile);
  expectSound(users);
  const read = readAccess(file, text, {
    read: (path) => readText(resolve(dirname(file), path)),
    list: (folder) => listConfigs(resolve(dirname(file), folder)),
  });
  const migration = migrateAccess(read.stanzas, {
    doors: existing.doors.map(({ name }) => name),
    devices: users.devices.map(({ name }) => name),
  });
  const bytes = readBytes(configFile);
  const before = bytes ?? Buffer.alloc(0);
  const configBefore = decode(before);
  const hasPort = existing.options.fwknopPorts.length > 0 || migration.devices.length === 0;
  const withPort = hasPort
    ? configBefore
    : addKnockPort(configBefore, usualFwknopPort, "fwknopPorts");
  const configAfter = append(withPort, migration.doors);
  const usersAfter = append(users.text, migration.users);
  const problems = [
    ...problemsOf(configFile, parseConfig(configAfter).problems),
    ...problemsOf(users.file, parseUsers(usersAfter).problems),
  ];
  const isWanted = given.has("write") && problems.length === 0 && migration.devices.length > 0;
  if (isWanted) {
    await changeFiles({
      ...{ paths, owner: users.owner, again: "run knockctl migrate again" },
      files: [
        { path: users.file, before: users.bytes, after: Buffer.from(usersAfter) },
        {
          path: paths.realConfig,
          before: bytes,
          after: Buffer.from(configAfter, encodingOf(before)),
        },
      ],
    });
  }
  const migrated: MigratedAccess = {
    ...{ file, config: configFile, usersFile: users.file, devices: migration.devices },
    changes: migration.changes,
    refused: [...read.problems, ...migration.refused],
    diff: await difference(configFile, configBefore, configAfter),
    usersDiff: await difference(users.file, withoutKeys(users.text), withoutKeys(usersAfter)),
    ...{ written: isWanted, problems },
  };
  print(line, io, migrated, (screen) => fitLines(format(migrated), screen));
  return migrated.refused.length + problems.length === 0 ? 0 : 1;
}

/** Throws the system's error, and for what is not a file: a device or a pipe may never end. */
function readText(path: string): string {
  if (!statSync(path).isFile()) throw new Error(`${path} is not a regular file`);
  return readFileSync(path, "utf8");
}

function listConfigs(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".conf"));
  return names.sort().map((name) => join(folder, name));
}

/** Returns a text with sections behind it, an empty line between. */
function append(text: string, sections: string): string {
  if (sections === "" || text === "") return text + sections;
  return `${text}${text.endsWith("\n") ? "" : "\n"}\n${sections}`;
}

function problemsOf(file: string, problems: readonly Problem[]): string[] {
  const errors = problems.filter(({ severity }) => severity === "error");
  return errors.map((problem) => formatWithHint(file, problem));
}

function withoutKeys(text: string): string {
  return text.replace(/^(\s*(?:fwknop_(?:hmac_)?)?key\s*=\s*)\S.*$/gim, "$1…");
}

function format(migrated: MigratedAccess): string {
  const { changes, refused, diff, usersDiff, problems } = migrated;
  const say = ({ file, line, text }: AccessNote) => `${printable(`${file}:${line}: ${text}`)}\n`;
  const parts = [
    refused.length > 0 ? `What is not taken over:\n${refused.map(say).join("")}` : "",
    changes.length > 0 ? `What to know of the rest:\n${changes.map(say).join("")}` : "",
    diff === "" ? "" : readable(diff),
    usersDiff === "" ? "" : `${readable(usersDiff)}(the keys are not shown)\n`,
    problems.length > 0 ? `${problems.map(printableLines).join("\n")}\n` : "",
    formatEnd(migrated),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function formatEnd({ devices, written, problems }: MigratedAccess): string {
  if (devices.length === 0) return "Nothing can be taken over.\n";
  if (problems.length > 0) return "Nothing was written: it could not be used.\n";
  if (!written) return "Nothing was changed. --write writes both files.\n";
  return `Written. Stop fwknopd, and remove its rules: what it drops, it still drops.
Let Sesame protect the services: knockctl guard does that on trial.
`;
}
