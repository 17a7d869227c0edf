import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { KnockError } from "../../base/errors.ts";
import { defaultConfigFile } from "../../base/paths.ts";
import { parsePortNumber } from "../../base/port.ts";
import { printable } from "../../base/text.ts";
import { randomSequence, strengthOf } from "../../config/edit/random-sequence.ts";
import type { LenientConfig } from "../../setup/lenient-config.ts";
import { readLenient } from "../../setup/lenient-config.ts";
import { portFacts, usablePorts } from "../../setup/ports.ts";
import type { Io } from "../program.ts";
import type { Command, CommandLine } from "./command.ts";
import { print } from "./command.ts";
import { describeStrength, lengthOption, readSteps } from "./strength.ts";

export const sequence: Command = {
  name: "sequence",
  group: "files",
  summary: "make random sequence for door",
  operands: [],
  description: `
    Makes a random sequence of TCP ports, and prints its strength. Leaves out ports on which this
    machine listens, its ports for outgoing connections, ports of other doors, ports that
    browsers refuse, and ports of well-known programs. Changes nothing, and needs no running
    knockd. "knockctl rotate" gives a door another sequence.`,
  asksDaemon: false,
  options: [
    lengthOption,
    {
      long: "ports",
      argument: "A-B,...",
      help: "choose from these ports only [1024-32767,61000-65535]",
    },
    {
      long: "config",
      argument: "FILE",
      help: `leave out the ports of this configuration [${defaultConfigFile}]`,
    },
  ],
  example: "sequence --length 5 --ports 20000-30000",
  async run(line, io) {
    const { given } = line;
    const length = readSteps("length", given.get("length") ?? "4");
    const isWanted = readRanges(given.get("ports"));
    const found = readDoors(line, io);
    const ports = usablePorts(portFacts(found)).filter(isWanted);
    if (ports.length < length) {
      const message = `only ${ports.length} of the ports can be used`;
      throw new KnockError("USAGE", message, { hints: ["give --ports a wider range"] });
    }
    const steps = randomSequence(length, ports, (limit) => randomInt(limit));
    const strength = strengthOf(length, ports.length);
    const text = steps.map(({ number }) => number).join(",");
    print(line, io, { sequence: text, ...strength }, () => {
      return `${text}\n${describeStrength(strength, length)}\n`;
    });
    return 0;
  },
};

/** Reads a configuration as far as it can be. Warns if the ports of its doors stay unknown, but before there is any. */
function readDoors({ given }: CommandLine, io: Io): LenientConfig {
  const file = given.get("config") ?? defaultConfigFile;
  const found = readLenient(file);
  const [doubt] = found.doubts;
  if (doubt !== undefined && (given.has("config") || existsSync(file))) {
    const why = found.options === undefined ? doubt : `${file} cannot be used`;
    io.stderr(`knockctl: warning: ${printable(why)}: the ports of its doors are not left out\n`);
  }
  return found;
}

/** Reads `20000-30000,40000`. Returns whether a port is among them. Throws USAGE. */
function readRanges(text: string | undefined): (port: number) => boolean {
  if (text === undefined) return () => true;
  const ranges = text.split(",").map((part) => {
    const [first, last] = part.split("-").map(parsePortNumber);
    const end = part.includes("-") ? last : first;
    if (first === undefined || end === undefined || first > end || part.split("-").length > 2) {
      throw new KnockError("USAGE", `--ports: "${printable(part)}" is not a range of ports`, {
        hints: ["for example 20000-30000, or several with commas"],
      });
    }
    return [first, end] as const;
  });
  return (port) => ranges.some(([first, last]) => port >= first && port <= last);
}
