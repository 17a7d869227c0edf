import { hostname } from "node:os";
import { formatDuration, parseDuration } from "../../../base/duration.ts";
import { KnockError } from "../../../base/errors.ts";
import { parsePortNumber } from "../../../base/port.ts";
import type { Service } from "../../../base/service.ts";
import { formatServices, parseServices } from "../../../base/service.ts";
import { printable } from "../../../base/text.ts";
import { findService } from "../../../client/services.ts";
import type { HostFacts } from "../../../config/traps/host.ts";
import type { DoorWay, InitOptions } from "../../../setup/plan.ts";
import { initWords } from "../../words/init.ts";
import type { CommandLine } from "../command.ts";
import { readLength, usageError } from "../command.ts";
import { readService } from "../guard.ts";
import { sshConnection } from "../ssh-connection.ts";
import { readSteps } from "../strength.ts";
import { readHostName, readOrigin, usualSshPort } from "../trial.ts";
import { readWay } from "./enrolment.ts";
import type { Questions } from "./questions.ts";
import { recentLogins } from "./recent-logins.ts";

/** Reads the options, and asks for those that are missing; without `questions` takes the defaults. Throws USAGE. */
export async function readOptions(
  { given }: CommandLine,
  listening: HostFacts["listening"],
  questions: Questions | undefined,
): Promise<InitOptions> {
  const ask = async <T>(
    option: string,
    question: string,
    usual: string,
    read: (t: string) => T,
  ) => {
    const text = given.get(option);
    if (text !== undefined || questions === undefined) return read(text ?? usual);
    return await questions.ask(question, usual, read);
  };
  const steps = readSteps("steps", given.get("steps") ?? "4");
  const openFor = readOpenFor(given.get("open-for") ?? "30s");
  const time = given.get("trial");
  const trial = time === undefined ? undefined : readTrial(time);
  const sshPort = sshConnection()?.serverPort ?? usualSshPort;
  // The service that most people want to hide, if something listens there.
  const port = [sshPort, usualSshPort].find((one) => listening.tcp.has(one));
  const usual = port === undefined ? "" : `tcp/${port}`;
  const text = given.get("service");
  const services =
    text !== undefined || questions === undefined
      ? readServices(text ?? usual)
      : await questions.ask(initWords().which, usual, (answer) =>
          readServices(nameServices(answer)),
        );
  const host = await ask("host", initWords().where, hostname(), readHostName);
  const origin = await askOrigin(given.get("address"), questions);
  const way = await askWay(given.get("by"), questions);
  return { services, way, steps, openFor, host, sshPort, origin, trial };
}

/** By what new doors open, and what each way is worth. */
async function askWay(by: string | undefined, questions: Questions | undefined): Promise<DoorWay> {
  if (by !== undefined || questions === undefined) return readWay(by ?? "sequence");
  const words = initWords();
  questions.explain(words.sequence);
  questions.explain(words.key);
  return await questions.ask(words.way, "sequence", readWay);
}

/** Where the administrator's knock will come from: asked only where no option and no ssh connection tells. */
async function askOrigin(
  address: string | undefined,
  questions: Questions | undefined,
): Promise<InitOptions["origin"]> {
  if (address !== undefined || questions === undefined || sshConnection() !== undefined) {
    return readOrigin(address);
  }
  const known = await recentLogins();
  const words = initWords();
  const offer = known.length > 1 ? ` (${words.logins(known.join(", "))})` : "";
  const question = `${words.from}${offer}`;
  return await questions.ask(question, String(known[0] ?? "any"), (text) =>
    text === "any" ? {} : readOrigin(text),
  );
}

/** Puts services in place of port numbers and names: `tcp/22` for `22` and `ssh`. */
function nameServices(answer: string): string {
  return answer.replace(/[^\s,]+/g, (word) => {
    if (word.includes("/") || word === "icmp") return word;
    const port = parsePortNumber(word) ?? findService(word, "tcp");
    return port === undefined ? word : `tcp/${port}`;
  });
}

function readServices(text: string): Service[] {
  if (text.trim() === "") {
    throw new KnockError("USAGE", "which services should be protected?", {
      hints: ["--service tcp/22: not the default, since nothing listens there"],
    });
  }
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  const names = new Set(words.map(readService));
  return parseServices([...names]);
}

/** The daemon has the same limit; this check comes before any change. */
function readTrial(text: string): number {
  const length = readLength(text);
  if (length <= 3_600_000) return length;
  throw usageError("--trial: a trial lasts at most an hour");
}

function readOpenFor(text: string): string {
  const length = parseDuration(text);
  if (length !== undefined && length > 0) {
    return formatDuration(length).replace(/^\d+$/, (seconds) => `${seconds}s`);
  }
  throw new KnockError("USAGE", `--open-for: "${printable(text)}" is not a length of time`, {
    hints: ["for example 30s or 10m"],
  });
}

/** Formats the ports that other hosts reach: `tcp/22, tcp/80, udp/53`. */
export function formatListening({ tcp, udp }: HostFacts["listening"]): string {
  const ports = [
    ...[...tcp].sort((a, b) => a - b).map((port) => ({ protocol: "tcp", port }) as const),
    ...[...udp].sort((a, b) => a - b).map((port) => ({ protocol: "udp", port }) as const),
  ];
  return formatServices(ports);
}
