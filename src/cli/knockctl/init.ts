import { resolve } from "node:path";
import { KnockError } from "../../base/errors.ts";
import { defaultConfigFile } from "../../base/paths.ts";
import { formatService } from "../../base/service.ts";
import { printable, printableLines } from "../../base/text.ts";
import type { Config } from "../../config/config.ts";
import { decoyFacts, thisHost } from "../../daemon/host/facts.ts";
import { findDaemon, prepare } from "../../setup/apply.ts";
import { difference, readable } from "../../setup/difference.ts";
import { decode } from "../../setup/paths.ts";
import type { InitOptions, SetupPlan } from "../../setup/plan.ts";
import { findObstacles, makePlan, readExisting } from "../../setup/plan.ts";
import { Visitor } from "../../setup/probe-host.ts";
import type { StartMethod } from "../../setup/service-control.ts";
import { describeStart } from "../../setup/service-control.ts";
import type { Io } from "../program.ts";
import type { Command, CommandLine } from "./command.ts";
import { clientOptions, expectOperands, print, usageError } from "./command.ts";
import { formatListening, readWishes } from "./init/options.ts";
import { formatDoor, formatStrength } from "./init/output.ts";
import { lockUp } from "./init/protect.ts";
import { isTerminal, Questions } from "./init/questions.ts";

const usage = `usage: knockctl init [options]

From nothing to a protected server. Finds what listens, makes doors with random sequences for
the services that you choose, shows what it would change, and asks. Then it writes the
configuration (what is there stays, and is kept beside it), makes knockd take it, knocks at each
door from a network namespace to see that it opens, and protects the services on trial, as
"knockctl guard" does: only what you confirm from a new connection stays. "knockctl undo" takes
all of it back.

  --service S    tcp/22, udp/51820 or icmp; several with commas, or the option again
  --host NAME    this server, as clients name it (default: the name of this machine)
  --address A    where you come from (default: where your ssh connection comes from)
  --steps N      how many ports a sequence has, from 3 to 32 (default: 4)
  --open-for T   how long a door lets in new connections (default: 30s)
  --trial TIME   how long you have to confirm it (default: 60s)
  --no-proof     do not knock from a network namespace first
  --yes          ask nothing; without --service it is the port of your ssh connection, or
                 tcp/22, if something listens there
  --dry-run      show all of it, and change nothing
  --config FILE  the configuration (default: ${defaultConfigFile})
  --socket PATH  where the daemon listens
  --json         print JSON at the end, and do not wait; with --yes or --dry-run
  --help         print this text

example: knockctl init --yes --service tcp/22,icmp --host server.example.org
`;

export const init: Command = {
  name: "init",
  summary: "from nothing to a protected server, step by step",
  usage,
  options: [
    { long: "service", argument: "S", many: true },
    { long: "host", argument: "NAME" },
    { long: "address", argument: "A" },
    { long: "steps", argument: "N" },
    { long: "open-for", argument: "T" },
    { long: "trial", argument: "TIME" },
    { long: "no-proof" },
    { long: "yes" },
    { long: "dry-run" },
    { long: "config", argument: "FILE" },
    ...clientOptions,
  ],
  async run(line, io) {
    expectOperands(line, 0, 0);
    expectAnswers(line);
    const config = resolve(line.given.get("config") ?? defaultConfigFile);
    const agreed = await agree(line, io, config);
    if (agreed === undefined) return 1;
    const { plan, wishes, proof } = agreed;
    const { origin } = wishes;
    if (origin === undefined) return await showOnly(line, io, plan);
    return await interruptible(async (signal) => {
      const say = line.given.has("json")
        ? () => {}
        : (text: string) => io.stdout(`${printable(text)}\n`);
      const changes = await prepare(plan, say, signal);
      return await lockUp({
        line,
        io,
        plan,
        wishes: { ...wishes, origin },
        changes,
        proof,
        say,
        signal,
      });
    });
  },
};

/** Throws USAGE if nobody is there to answer, SYSTEM for those who may not change anything. */
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
  throw new KnockError("USAGE", "this is no terminal: there is nobody to ask", { hints });
}

interface Agreed {
  readonly plan: SetupPlan;
  readonly wishes: InitOptions;
  /** Whether this machine knocks at itself. */
  readonly proof: boolean;
}

/** What is to be done; undefined: the administrator does not want it. Changes nothing. */
async function agree(line: CommandLine, io: Io, config: string): Promise<Agreed | undefined> {
  const { given } = line;
  const isAsked = !given.has("yes") && !given.has("dry-run");
  const quiet = given.has("json");
  const existing = readExisting(config);
  const host = thisHost();
  const questions = isAsked ? await Questions.open() : undefined;
  try {
    if (!quiet)
      io.stdout(`Listening for others: ${formatListening(host.listening) || "nothing"}\n`);
    const wishes = await readWishes(line, host.listening, questions);
    const plan = makePlan(config, given.get("socket"), wishes, host, decoyFacts);
    const unprovable = given.has("no-proof") ? [] : await findUnprovable(plan, existing, wishes);
    const proof = unprovable.length === 0 && !given.has("no-proof");
    const doubt = `this machine cannot try by itself whether it works: ${unprovable.join("; ")}`;
    if (unprovable.length > 0 && questions === undefined) {
      const hints = ["--no-proof does without it"];
      throw new KnockError("SYSTEM", doubt, { hints });
    }
    for (const text of plan.warnings) io.stderr(`${printableLines(text)}\n`);
    const { way } = await findDaemon(plan.place);
    if (!quiet) io.stdout(`${await formatPlan(plan)}${formatNext(plan, way, proof)}`);
    if (unprovable.length > 0) io.stdout(`${printable(doubt)}\n`);
    const question = unprovable.length > 0 ? "Do it all the same?" : "Do it?";
    if (questions === undefined || (await questions.confirm(question))) {
      return { plan, wishes, proof };
    }
    io.stdout("Nothing was changed.\n");
    return undefined;
  } finally {
    questions?.close();
  }
}

/** Why nobody can prove that the doors open. A machine that is only looked at is not tried. */
async function findUnprovable(
  plan: SetupPlan,
  config: Config,
  { origin }: InitOptions,
): Promise<string[]> {
  const obstacles = findObstacles(plan, config);
  if (origin === undefined || obstacles.length > 0) return obstacles;
  try {
    await (await Visitor.open()).close();
    return [];
  } catch (error) {
    if (error instanceof KnockError) return [error.message];
    throw error;
  }
}

async function formatPlan({ place, doors, before, after }: SetupPlan): Promise<string> {
  const diff = await difference(place.config, decode(before ?? Buffer.alloc(0)), decode(after));
  const change =
    diff === ""
      ? `${printable(place.config)} stays as it is.\n`
      : `${printable(place.config)} gets this:\n\n${readable(diff)}`;
  return `\n${doors.map(formatDoor).join("")}${formatStrength(doors)}\n${change}\n`;
}

function formatNext(
  { place, doors }: SetupPlan,
  way: StartMethod | undefined,
  proof: boolean,
): string {
  const services = doors.map(({ service }) => formatService(service)).join(", ");
  const start = way === undefined ? "knockd reads it" : describeStart(way, place.config);
  const knock = proof ? "a knock from a network namespace; " : "";
  return `Then: ${printable(start)}; ${knock}${services} protected on trial.\n\n`;
}

async function showOnly(line: CommandLine, io: Io, plan: SetupPlan): Promise<number> {
  const { place, before, after } = plan;
  const diff = await difference(place.config, decode(before ?? Buffer.alloc(0)), decode(after));
  const doors = plan.doors.map(({ door, strength }) => ({ name: door.name, ...strength }));
  print(line, io, { config: place.config, doors, diff }, () => {
    return "Nothing was changed: --dry-run. The next time the sequences are others.\n";
  });
  return 0;
}

/** Ctrl-C and SIGTERM do not end us half-way: `task` takes back what it did. */
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
