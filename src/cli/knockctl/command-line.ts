// The reading of the command lines of `knockctl`, by the description of the command.
import { KnockError } from "../../base/errors.ts";
import { nearest } from "../../base/nearest.ts";
import { defaultControlSocket } from "../../base/paths.ts";
import { getopt } from "../getopt.ts";
import type { HelpOption } from "../help.ts";
import { colorChoices } from "../screen.ts";
import type { Command, CommandLine, Operand } from "./command.ts";
import { usageError } from "./command.ts";

const socketOption: HelpOption = {
  short: "s",
  long: "socket",
  argument: "PATH",
  help: `connect to this socket of knockd [${defaultControlSocket}]`,
};

const jsonOption: HelpOption = { short: "j", long: "json", help: "print JSON" };

const colorOption: HelpOption = {
  long: "color",
  argument: "WHEN",
  help: "use colours: auto, always or never [auto]",
};

const helpOption: HelpOption = { short: "h", long: "help", help: "print this text" };

const versionOption: HelpOption = { short: "V", long: "version", help: "print the version" };

/** The options that may stand before the command as well; each command takes them. */
export const globalOptions: readonly HelpOption[] = [
  socketOption,
  jsonOption,
  colorOption,
  helpOption,
  versionOption,
];

/** Returns the options that the help of a command shows. */
export function optionsOf({ options, asksDaemon }: Command): readonly HelpOption[] {
  const shared = [...(asksDaemon ? [socketOption] : []), jsonOption, colorOption, helpOption];
  return [...options, ...shared.filter(({ long }) => !options.some((own) => own.long === long))];
}

/**
 * Reads the arguments without the name of the command. KNOCKCTL_SOCKET in `environment` stands for --socket.
 * Throws USAGE.
 */
export function readCommandLine(
  command: Command,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): CommandLine {
  const own = optionsOf(command);
  const others = globalOptions.filter(({ long }) => !own.some((option) => option.long === long));
  const { flags, operands: words } = getopt(args, [...own, ...others]);
  const isMany = (name: string) => own.some(({ long, many }) => long === name && many);
  const given = new Map<string, string>();
  const socket = environment["KNOCKCTL_SOCKET"];
  if (socket !== undefined && socket !== "") given.set("socket", socket);
  for (const { name, value = "" } of flags) {
    const before = given.get(name);
    // The last value of a repeated option counts, as with getopt.
    given.set(name, before !== undefined && isMany(name) ? `${before},${value}` : value);
  }
  checkColor(given.get("color"));
  if (given.has("help") || given.has("version")) return { given, operands: [] };
  const operands = readOperands(command.operands, words);
  const missing = own.find(({ long, isRequired }) => isRequired && !given.has(long));
  if (missing !== undefined) throw usageError(`${formatRequired(missing)} is missing`);
  return { given, operands };
}

function checkColor(choice: string | undefined): void {
  if (choice === undefined || colorChoices.some((one) => one === choice)) return;
  throw usageError(`--color: "${choice}" is not auto, always or never`);
}

function readOperands(operands: readonly Operand[], words: readonly string[]): string[] {
  const found: string[] = [];
  let next = 0;
  for (const operand of operands) {
    if (operand.isMany) return [...found, ...words.slice(next)];
    const isAnnounced = operand.keyword !== undefined && words[next] === operand.keyword;
    if (isAnnounced) next++;
    const word = words[next] ?? operand.usual;
    if (word === undefined) {
      if (isAnnounced) throw usageError(`${operand.name} is missing after "${operand.keyword}"`);
      if (operand.isOptional) break;
      throw usageError(`${operand.name} is missing`);
    }
    found.push(word);
    next++;
  }
  if (next >= words.length) return found;
  // "fro 10m" was read as the operand that may follow "for".
  const keywords = operands.flatMap(({ keyword }) => keyword ?? []);
  const meant = nearest(words[next - 1] ?? "", keywords);
  if (meant === undefined) throw usageError(`unexpected "${words[next]}"`);
  throw usageError(`unexpected "${words[next - 1]}"`, `did you mean "${meant}"?`);
}

/** Returns the usage lines of a command, such as `knockctl open DOOR ADDRESS [[for] TIME] [options]`. */
export function usageLines({ name, operands, variants = [], options }: Command): string[] {
  const required = options.filter(({ isRequired }) => isRequired).map(formatRequired);
  const plain = [...operands.map(formatOperand), ...required].join(" ");
  return [plain, ...variants].map((words) =>
    ["knockctl", name, words, "[options]"].filter((word) => word !== "").join(" "),
  );
}

function formatRequired({ long, argument }: HelpOption): string {
  return `--${long} ${argument}`;
}

function formatOperand({ name, keyword, usual, isOptional, isMany }: Operand): string {
  const words = keyword === undefined ? name : `[${keyword}] ${name}`;
  if (isMany) return `[${words}...]`;
  return isOptional || usual !== undefined ? `[${words}]` : words;
}

/** Returns an error for a name that is not in a list, with the one that is probably meant. */
export function unknownName(kind: string, name: string, names: readonly string[]): KnockError {
  const near = nearest(name, names);
  const hint = near === undefined ? `knockctl --help lists them` : `did you mean "${near}"?`;
  return new KnockError("USAGE", `there is no ${kind} "${name}"`, { hints: [hint] });
}
