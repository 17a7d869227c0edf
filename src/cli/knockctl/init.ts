import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { KnockError } from "../../base/errors.ts";
import { defaultConfigFile } from "../../base/paths.ts";
import { printable, printableLines } from "../../base/text.ts";
import type { Config } from "../../config/config.ts";
import { decoyFacts, thisHost } from "../../daemon/host/facts.ts";
import type { SetupEvent } from "../../setup/apply.ts";
import { apply, findMissingStart } from "../../setup/apply.ts";
import { difference } from "../../setup/difference.ts";
import { decode } from "../../setup/paths.ts";
import type { InitOptions, SetupPlan } from "../../setup/plan.ts";
import { findObstacles, makePlan, readExisting } from "../../setup/plan.ts";
import { ProbeHost } from "../../setup/probe-host.ts";
import { wrap } from "../help.ts";
import type { Io } from "../program.ts";
import { initWords } from "../words/init.ts";
import { localize } from "../words/korean.ts";
import type { Command, CommandLine } from "./command.ts";
import { print, usageError } from "./command.ts";
import { deviceLine, expectSecretPlace, planDevice } from "./init/enrolment.ts";
import { formatListening, readOptions } from "./init/options.ts";
import { formatEvent } from "./init/output.ts";
import { formatNext, formatPlan } from "./init/plan-text.ts";
import { protectOnTrial } from "./init/protect.ts";
import { isTerminal, Questions } from "./init/questions.ts";
import { findForUfw } from "./init/ufw.ts";
import { qrOption, readQrTarget } from "./qr-file.ts";
import { writeSecret } from "./user/add.ts";

export const init: Command = {
  name: "init",
  group: "begin",
  summary: "set up doors and protection, step by step",
  operands: [],
  description: `
    Sets up a protected server. Finds the services that listen, plans a door with a random
    sequence for each one that you choose, shows the changes, and asks. Then it adds the doors
    to the configuration, keeps a backup, and reloads knockd. It tests each door by a knock from
    a network namespace. At last it protects the services on trial, as "knockctl guard" does. To
    keep the protection, knock, and confirm from a new connection. If ufw blocks a service, ufw
    allows it when the trial begins. "knockctl undo" rolls everything back.`,
  asksDaemon: true,
  options: [
    {
      long: "service",
      argument: "S",
      many: true,
      help: "protect tcp/22, udp/51820 or icmp; separate several by commas, or repeat the option",
    },
    {
      long: "host",
      argument: "NAME",
      help: "name this server as clients do [the name of this machine]",
    },
    {
      long: "address",
      argument: "A",
      help: "expect your knock from this address [the client of your ssh connection]",
    },
    {
      long: "by",
      argument: "WAY",
      help: "open new doors by sequence, key or both; a key needs a device with knock [sequence]",
    },
    {
      long: "user",
      argument: "NAME",
      help: "give a key to the device PERSON/DEVICE [admin/laptop]",
    },
    {
      long: "output",
      argument: "FILE",
      help: "write the line for the device to FILE (0600) [the terminal]",
    },
    { long: "steps", argument: "N", help: "give a sequence N ports, from 3 to 32 [4]" },
    { long: "open-for", argument: "T", help: "let a door accept new connections for T [30s]" },
    { long: "trial", argument: "TIME", help: "wait for the confirmation for TIME [3m]" },
    {
      long: "protect-now",
      help: "protect without a trial; use it only if another way in exists, such as a console",
    },
    qrOption,
    { long: "no-proof", help: "skip the test from a network namespace" },
    {
      long: "yes",
      help: "ask nothing; without --service, protect the port of your ssh connection, or tcp/22 if a service listens there",
    },
    { long: "dry-run", help: "show the changes, and make none" },
    { long: "config", argument: "FILE", help: `change this configuration [${defaultConfigFile}]` },
    {
      short: "j",
      long: "json",
      help: "print JSON at the end, and do not wait (with --yes or --dry-run)",
    },
  ],
  example: "init --yes --service tcp/22,icmp --host server.example.org",
  isLocalized: true,
  async run(line, io) {
    expectAnswers(line);
    expectSecretPlace(line);
    readQrTarget(line);
    const config = resolve(line.given.get("config") ?? defaultConfigFile);
    const agreed = await agree(line, io, config);
    if (agreed === undefined) return 1;
    const { plan, options, isProven } = agreed;
    const secret = deviceLine(plan, options);
    if (line.given.has("dry-run")) return await showOnly(line, io, plan);
    return await interruptible(async (signal) => {
      const say = line.given.has("json")
        ? () => {}
        : (text: string) => io.stdout(`${printable(text)}\n`);
      const onEvent = (event: SetupEvent) => formatEvent(event, plan.paths.config).forEach(say);
      const output = secret === undefined ? undefined : line.given.get("output");
      if (output !== undefined) writeSecret(output, secret ?? "");
      let isApplied = false;
      try {
        const changes = await apply(plan, onEvent, signal);
        isApplied = true;
        const parts = { line, io, plan, options, changes, isProven, say, signal };
        return await protectOnTrial({ ...parts, deviceLine: secret });
      } catch (error) {
        const isRolledBack = !isApplied || signal.aborted;
        if (output !== undefined && isRolledBack) rmSync(output, { force: true });
        throw error;
      }
    });
  },
};

/** Throws USAGE if there is no terminal to ask at, SYSTEM if the user is not root. */
function expectAnswers({ given }: CommandLine): void {
  const isTry = given.has("dry-run");
  if (!isTry && process.geteuid?.() !== 0) {
    const hints = ["--dry-run shows what it would do"];
    throw new KnockError("SYSTEM", "only root can do this", { hints });
  }
  if (given.has("yes") || isTry) return;
  if (given.has("json")) throw usageError("--json goes with --yes or --dry-run");
  if (isTerminal()) return;
  const hints = ["--yes --service tcp/22 asks nothing", "--dry-run changes nothing"];
  throw new KnockError("USAGE", "stdin is not a terminal; use --yes or --dry-run", { hints });
}

interface Agreed {
  readonly plan: SetupPlan;
  readonly options: InitOptions;
  /** Whether a probe host tries the doors. */
  readonly isProven: boolean;
}

/** Makes the plan and asks for consent. Returns `undefined` if the administrator declines. Changes nothing. */
async function agree(line: CommandLine, io: Io, config: string): Promise<Agreed | undefined> {
  const { given } = line;
  const isAsked = !given.has("yes") && !given.has("dry-run");
  const quiet = given.has("json");
  const words = initWords();
  const existing = readExisting(config);
  const host = thisHost();
  const questions = isAsked ? await Questions.open() : undefined;
  try {
    if (!quiet) io.stdout(wrap(words.listening(formatListening(host.listening) || words.nothing)));
    const options = await readOptions(line, host.listening, questions);
    const ufw = await findForUfw(line, io, options);
    const device =
      options.way === "sequence" ? undefined : await planDevice(line, config, existing, questions);
    const parts = { ufw, device };
    const plan = makePlan(config, given.get("socket"), options, host, decoyFacts, parts);
    const unprovable = given.has("no-proof")
      ? []
      : await findUnprovable(plan, existing, given.has("dry-run"));
    const isProven = unprovable.length === 0 && !given.has("no-proof");
    const doubt = `this machine cannot test the doors: ${unprovable.join("; ")}`;
    if (unprovable.length > 0 && questions === undefined && !given.has("dry-run")) {
      const hints = ["--no-proof skips this test"];
      throw new KnockError("SYSTEM", doubt, { hints });
    }
    for (const text of plan.warnings) io.stderr(`${printableLines(localize(text))}\n`);
    const method = await findMissingStart(plan.paths);
    if (!quiet)
      io.stdout(
        `${await formatPlan(plan)}${formatNext(plan, method, isProven, !given.has("protect-now"))}`,
      );
    if (unprovable.length > 0) io.stdout(wrap(printable(localize(doubt))));
    if (given.has("dry-run")) return { plan, options, isProven };
    const question = unprovable.length > 0 ? words.doItAllTheSame : words.doIt;
    if (questions === undefined || (await questions.confirm(question))) {
      return { plan, options, isProven };
    }
    io.stdout(`${words.nothingChanged}\n`);
    return undefined;
  } finally {
    questions?.close();
  }
}

/** Returns why a probe host cannot test the doors, a line each. A dry run creates no probe host. */
async function findUnprovable(plan: SetupPlan, config: Config, isTry: boolean): Promise<string[]> {
  const obstacles = findObstacles(plan, config);
  if (isTry || obstacles.length > 0) return obstacles;
  try {
    await (await ProbeHost.open()).close();
    return [];
  } catch (error) {
    if (error instanceof KnockError) return [error.message];
    throw error;
  }
}

async function showOnly(line: CommandLine, io: Io, plan: SetupPlan): Promise<number> {
  const { paths, before, after } = plan;
  const diff = await difference(paths.config, decode(before ?? Buffer.alloc(0)), decode(after));
  const doors = plan.doors.map(({ door, strength }) => ({ name: door.name, ...strength }));
  print(line, io, { config: paths.config, doors, diff, ufw: plan.ufw }, () => {
    return `${initWords().dryRun}\n`;
  });
  return 0;
}

/** Turns Ctrl-C and SIGTERM into an aborted signal: `task` rolls back its changes. */
async function interruptible(task: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of signals) process.on(name, interrupt);
  try {
    return await task(interruption.signal);
  } finally {
    for (const name of signals) process.off(name, interrupt);
  }
}
