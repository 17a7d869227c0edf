import { readFileSync } from "node:fs";
import { KnockError, reason } from "../base/errors.ts";
import type { Port, Protocol } from "../base/port.ts";
import { parsePortNumber, parseProtocol } from "../base/port.ts";

const systemFile =
  process.platform === "win32"
    ? `${process.env["SystemRoot"] ?? "C:\\Windows"}\\System32\\drivers\\etc\\services`
    : "/etc/services";

interface NamedService extends Port {
  readonly names: readonly string[];
}

/**
 * Returns the port number of a service, from the system's services file (services(5)), or `undefined` if the name
 * is unknown. A service of the other protocol counts, too, as in knockd's client: `ssh` by UDP is 22. Throws
 * `RESOLVE` if the file cannot be read.
 */
export function findService(
  name: string,
  protocol: Protocol,
  file: string = systemFile,
): number | undefined {
  const found = readServices(name, file).filter(({ names }) => names.includes(name));
  return (found.find((service) => service.protocol === protocol) ?? found[0])?.number;
}

function readServices(name: string, file: string): NamedService[] {
  try {
    return readFileSync(file, "utf8").split("\n").flatMap(parseLine);
  } catch (cause) {
    throw new KnockError(
      "RESOLVE",
      `cannot look up the service '${name}' in ${file}: ${reason(cause)}`,
      {
        cause,
        hints: ["write the port as a number"],
      },
    );
  }
}

/** Reads `http 80/tcp www  # World Wide Web`. Skips lines without a TCP or UDP service. */
function parseLine(line: string): NamedService[] {
  const [name = "", port = "", ...aliases] = line.replace(/#.*/s, "").trim().split(/\s+/);
  const [digits = "", suffix = ""] = port.split("/");
  const number = parsePortNumber(digits);
  const protocol = parseProtocol(suffix);
  if (number === undefined || protocol === undefined) return [];
  return [{ number, protocol, names: [name, ...aliases] }];
}
