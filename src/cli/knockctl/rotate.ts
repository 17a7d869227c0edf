import { resolve } from "node:path";
import { parseDuration } from "../../base/duration.ts";
import { KnockError } from "../../base/errors.ts";
import { defaultConfigFile } from "../../base/paths.ts";
import { printable, printableLines } from "../../base/text.ts";
import { formatLocalTime } from "../../base/time.ts";
import { fixedSteps, namedServices } from "../../config/config.ts";
import { difference, readable } from "../../setup/difference.ts";
import { decode } from "../../setup/paths.ts";
import { readExisting } from "../../setup/plan.ts";
import type { RotationPlan } from "../../setup/rotate.ts";
import { applyRotation, planRotation } from "../../setup/rotate.ts";
import type { Io } from "../program.ts";
import type { ClientLines } from "./client-lines.ts";
import { clientLines, formatClient } from "./client-lines.ts";
import type { Command, CommandLine } from "./command.ts";
import { print, usageError } from "./command.ts";
import { findDoor } from "./door-operand.ts";
import { isTerminal, Questions } from "./init/questions.ts";
import { sshConnection } from "./ssh-connection.ts";
import { describeStrength, readSteps } from "./strength.ts";
import { guessHost, readHostName, usualSshPort } from "./trial.ts";

export const rotate: Command = {
  name: "rotate",
  group: "files",
  summary: "give door new random sequence",
  operands: [{ name: "DOOR" }],
  description: `
    Gives a door another random sequence. Shows the change of the configuration, and asks. Then
    it writes the configuration, reloads knockd, and prints the lines for clients. The old
    sequence stays valid for a time, as a door DOOR-old that expires. The next rotation removes
    that door, also before its end.`,
  asksDaemon: true,
  options: [
    {
      long: "keep-old",
      argument: "TIME",
      help: "keep the old sequence valid for TIME; 0 ends it at once [7d]",
    },
    {
      long: "length",
      argument: "N",
      help: "give the sequence N ports, from 3 to 32 [as now, 4 or more]",
    },
    {
      long: "host",
      argument: "NAME",
      help: "name this server as clients do [the address that your ssh connection reached]",
    },
    { long: "yes", help: "ask nothing" },
    { long: "dry-run", help: "show the change, and make none" },
    {
      long: "config",
      argument: "FILE",
      help: `change this configuration [${defaultConfigFile}]`,
    },
  ],
  example: "rotate ssh --keep-old 2d",
  async run(line, io) {
    const { given } = line;
    expectAnswer(line);
    const plan = makePlan(line);
    const diff = await formatDiff(plan);
    const isQuiet = given.has("json");
    for (const text of plan.warnings) io.stderr(`${printableLines(text)}\n`);
    if (!isQuiet) io.stdout(`${readable(diff)}\n${describe(plan)}`);
    if (given.has("dry-run")) return finish(line, io, plan, diff, undefined);
    if (!given.has("yes") && !(await confirm())) {
      io.stdout("Nothing was changed.\n");
      return 1;
    }
    return finish(line, io, plan, diff, await applyRotation(plan));
  },
};

function expectAnswer({ given }: CommandLine): void {
  if (given.has("yes") || given.has("dry-run")) return;
  if (given.has("json")) throw usageError("--json goes with --yes or --dry-run");
  if (!isTerminal()) throw usageError("stdin is not a terminal; use --yes or --dry-run");
}

function makePlan({ given, operands: [door = ""] }: CommandLine): RotationPlan {
  const length = given.get("length");
  const config = resolve(given.get("config") ?? defaultConfigFile);
  findDoor(readExisting(config), door);
  return planRotation(config, given.get("socket"), {
    door,
    steps: length === undefined ? undefined : readSteps("length", length),
    keepOld: readKeepOld(given.get("keep-old") ?? "7d"),
  });
}

function readKeepOld(text: string): number {
  const length = parseDuration(text);
  if (length !== undefined) return length;
  throw new KnockError("USAGE", `--keep-old: "${printable(text)}" is not a length of time`, {
    hints: ["for example 12h or 7d, or 0"],
  });
}

async function formatDiff({ paths, before, after }: RotationPlan): Promise<string> {
  return await difference(paths.config, decode(before), decode(after));
}

function describe({ door, strength, old }: RotationPlan): string {
  const steps = fixedSteps(door).length;
  const end =
    old === undefined
      ? "The old sequence ends at once, and so do those of earlier rotations."
      : `The old sequence is valid until ${formatLocalTime(new Date(old.until))}, as [${printable(old.name)}].`;
  return `${describeStrength(strength, steps, door.decoys)}.\n${end}\n`;
}

async function confirm(): Promise<boolean> {
  const questions = await Questions.open();
  try {
    return await questions.confirm("Change it?");
  } finally {
    questions.close();
  }
}

/** Prints the result. `isRunning`: whether knockd has reloaded the file; `undefined` if nothing was written. */
function finish(
  line: CommandLine,
  io: Io,
  plan: RotationPlan,
  diff: string,
  isRunning: boolean | undefined,
): number {
  const { paths, door, strength, old } = plan;
  const client = linesOf(plan, line);
  const result = {
    config: paths.config,
    door: door.name,
    ...strength,
    ...(old !== undefined && { old: { name: old.name, until: new Date(old.until) } }),
    diff,
    written: isRunning !== undefined,
    reloaded: isRunning === true,
    ...(client !== undefined && { client }),
  };
  print(line, io, result, () => {
    if (isRunning === undefined) return "Nothing was changed: --dry-run.\n";
    const reload = isRunning
      ? "knockd has reloaded it"
      : "knockd does not run with it, and reads it when it starts";
    const written = `${printable(paths.config)} is written; ${reload}.\n`;
    return client === undefined ? written : `${written}\n${formatClient(client)}`;
  });
  return 0;
}

/** Returns the lines for clients of a door with another sequence. Throws USAGE. */
export function linesOf(
  { door }: Pick<RotationPlan, "door">,
  { given }: Pick<CommandLine, "given">,
): ClientLines | undefined {
  const host = given.get("host");
  return clientLines(
    { door, service: namedServices(door)[0] },
    {
      host: host === undefined ? guessHost() : readHostName(host),
      sshPort: sshConnection()?.serverPort ?? usualSshPort,
    },
  );
}
