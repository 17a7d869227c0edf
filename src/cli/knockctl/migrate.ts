import { isUtf8 } from "node:buffer";
import { readFileSync, realpathSync } from "node:fs";
import { parseDuration } from "../../base/duration.ts";
import { KnockError, reason } from "../../base/errors.ts";
import { defaultConfigFile } from "../../base/paths.ts";
import { plural, printable, printableLines } from "../../base/text.ts";
import { isAccessFile } from "../../config/edit/access-stanzas.ts";
import { migrate as rewrite } from "../../config/edit/migration.ts";
import type { Note } from "../../config/edit/repair.ts";
import { isUtf16 } from "../../config/load.ts";
import { parseConfig } from "../../config/parse.ts";
import type { Problem } from "../../config/problem.ts";
import { formatWithHint } from "../../config/problem.ts";
import { difference, readable } from "../../setup/difference.ts";
import { backUpFile, replaceFile } from "../../system/files.ts";
import { wrap } from "../help.ts";
import { fitLines } from "../program.ts";
import { inspect } from "./check.ts";
import type { Command, CommandLine } from "./command.ts";
import { print, usageError } from "./command.ts";
import { migrateAccessFile } from "./migrate-access.ts";

/** The printed result. */
interface Migrated {
  readonly file: string;
  readonly differences: readonly Note[];
  readonly changes: readonly Note[];
  /** What --repair would fix. */
  readonly repairs: readonly Note[];
  /** A unified diff; empty if there is nothing to change. */
  readonly diff: string;
  readonly written: boolean;
  /** The problems of the new file. */
  readonly problems: readonly Problem[];
  /** How many problems `knockctl check` finds in a file that stays as it is; 0 for another. */
  readonly checkProblems: number;
}

export const migrate: Command = {
  name: "migrate",
  group: "files",
  summary: "convert configuration of knockd 0.8 or fwknopd",
  operands: [{ name: "FILE", usual: defaultConfigFile }],
  description: `
    Reads a knockd.conf of knockd 0.8 [${defaultConfigFile}], and lists the differences between
    Sesame and knockd 0.8 for it. Offers native doors, which the kernel closes by itself, for
    commands of iptables, ufw, firewall-cmd and nft that open ports for %IP%. Also replaces the
    opposite commands, in a stop_command or in a second door. Names the reason for each door
    that it leaves as it is.

    From an access.conf of fwknopd, makes doors in ${defaultConfigFile} and devices in the users
    file. Follows %include, and names each line that is not supported.

    Shows the differences, and changes nothing without --write. All files of knockd 0.8 work
    unchanged: migration is optional.`,
  asksDaemon: false,
  options: [
    { long: "no-native", help: "offer no native doors" },
    { long: "repair", help: "replace dashes, quotes and blanks of a word processor" },
    {
      long: "open-for",
      argument: "TIME",
      help: "keep a door open for TIME if a second sequence closed it before [1h]",
    },
    { long: "write", help: "write the file; keep the old one as FILE.before-migrate" },
    {
      long: "config",
      argument: "FILE",
      help: `put the doors of fwknopd into FILE [${defaultConfigFile}]`,
    },
  ],
  notes: `
    If knockd cannot use the old or the new file, or a line of an access.conf is not supported,
    exits with 1.`,
  example: "migrate --repair --write",
  async run(line, io) {
    const [file = ""] = line.operands;
    const { text: before, encoding } = read(file, line.given.has("repair"));
    if (isAccessFile(before)) return await migrateAccessFile(line, io, file, before);
    if (line.given.has("config")) throw usageError("--config goes with a file of fwknopd");
    const { text, changes, repairs, differences } = rewrite(before, {
      native: !line.given.has("no-native"),
      repair: line.given.has("repair"),
      openFor: openFor(line),
    });
    const { problems, config } = parseConfig(text);
    const usable = config !== undefined;
    const written = line.given.has("write") && usable && text !== before;
    if (written) {
      backUpFile(file, backupOf(file));
      replaceFile(realpathSync(file), Buffer.from(text, encoding));
    }
    const diff = await difference(file, before, text);
    const checkProblems = diff === "" && usable ? await countProblems(file) : 0;
    const changed = { differences, changes, repairs, diff, written };
    const migrated: Migrated = { file, ...changed, problems, checkProblems };
    print(line, io, migrated, (screen) => fitLines(format(migrated), screen));
    return usable ? 0 : 1;
  },
};

/** Returns how many problems of a file and of this machine `knockctl check` lists. */
async function countProblems(file: string): Promise<number> {
  const { checked } = await inspect(file);
  return checked.problems.length + (checked.users?.problems.length ?? 0);
}

function openFor({ given }: CommandLine): string {
  const text = given.get("open-for") ?? "1h";
  if (parseDuration(text) === undefined) {
    throw new KnockError("USAGE", `--open-for: "${text}" is not a length of time`, {
      hints: ["for example 30m or 1h"],
    });
  }
  return text;
}

interface Text {
  readonly text: string;
  /** The encoding to write, so that all other bytes stay. */
  readonly encoding: "utf8" | "latin1";
}

/** Reads a file. Throws CONFIG if it cannot be read, or if `repaired`, which works on characters, and not UTF-8. */
function read(file: string, repaired: boolean): Text {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new KnockError("CONFIG", `${file}: ${reason(error)}`, { cause: error });
  }
  if (isUtf16(bytes)) {
    throw new KnockError("CONFIG", `${file}: the file is UTF-16`, { hints: ["save it as UTF-8"] });
  }
  if (isUtf8(bytes)) return { text: bytes.toString("utf8"), encoding: "utf8" };
  if (repaired) {
    const hints = ["convert it with iconv"];
    throw new KnockError("CONFIG", `${file}: only a UTF-8 file can be repaired`, { hints });
  }
  // As knockd reads it: comments may have an old encoding.
  return { text: bytes.toString("latin1"), encoding: "latin1" };
}

function backupOf(file: string): string {
  return `${file}.before-migrate`;
}

function format(migrated: Migrated): string {
  const { file, differences, changes, repairs, diff, problems } = migrated;
  const say = ({ line, text }: Note) => `${printable(`${file}:${line}: ${text}`)}\n`;
  const wrong = problems
    .map((problem) => `${printableLines(formatWithHint(file, problem))}\n`)
    .join("");
  const parts = [
    differences.length > 0
      ? `What Sesame does differently with this file:\n${joinAlike(differences).map(say).join("")}`
      : "",
    changes.length > 0 ? `What can be written differently:\n${changes.map(say).join("")}` : "",
    repairs.length > 0 ? `What --repair would fix:\n${repairs.map(say).join("")}` : "",
    diff === "" ? "" : `${readable(diff)}`,
    wrong === ""
      ? ""
      : `What is to be said of the file ${diff === "" ? "as it is" : "as it would be"}:\n${wrong}`,
    end(migrated),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

/** Says of several doors only once what is true of each. */
function joinAlike(notes: readonly Note[]): Note[] {
  const groups = new Map<string, Note[]>();
  for (const note of notes) {
    const what = note.text.replace(/^\[[^\]]*\]/, "");
    const key = what === note.text ? `${note.line}:${what}` : what;
    groups.set(key, [...(groups.get(key) ?? []), note]);
  }
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    if (others.length === 0) return [first];
    return [{ ...first, text: `${first.text}; also at ${plural(others.length, "other door")}` }];
  });
}

function end({ file, repairs, diff, written, problems, checkProblems }: Migrated): string {
  const advice = "--repair --write fixes what it can.";
  if (problems.some(({ severity }) => severity === "error")) {
    const how = repairs.length > 0 ? ` ${advice}` : "";
    return `Nothing was written: it could not be used.${how}\n`;
  }
  if (diff === "" && repairs.length > 0) return `Nothing was changed. ${advice}\n`;
  if (diff === "" && checkProblems > 0) {
    return `Nothing to migrate. knockctl check warns of ${plural(checkProblems, "problem")}.\n`;
  }
  if (diff === "") return "Nothing needs to be changed.\n";
  const drops = wrap(
    "A rule of your own that drops a service still drops it, also after a knock: remove that rule, and let Sesame protect the service (knockctl guard does that on trial).",
  );
  // Also before writing: an administrator must know it in time.
  if (!written) return `${drops}Nothing was changed. --write writes it.\n`;
  return `Written. ${printable(file)} as it was is ${printable(backupOf(file))}.
${drops}Rules that commands have put in and a door that is gone was to take out stay: iptables -S INPUT
`;
}
