import { KnockError } from "../base/errors.ts";
import { usualPayload } from "../client/payload.ts";
import type { Family, Plan } from "../client/plan.ts";
import { formatStep, parseDelay, parseSteps } from "../client/plan.ts";
import { toPlan } from "../client/profile.ts";
import type { Route } from "../client/route.ts";
import { findRoutes } from "../client/route.ts";
import { sendPlan } from "../client/send.ts";
import { findService } from "../client/services.ts";
import { getopt } from "./getopt.ts";
import type { Io } from "./program.ts";
import { version } from "./version.ts";

const options = [
  { short: "u", long: "udp" },
  { short: "d", long: "delay", argument: "MS" },
  { short: "4", long: "ipv4" },
  { short: "6", long: "ipv6" },
  { short: "v", long: "verbose" },
  { short: "V", long: "version" },
  { short: "h", long: "help" },
] as const;

const usage = `usage: knock [options] HOST PORT[:PROTOCOL]...

Sends one packet to each PORT of HOST, in the order given. A PORT is a number or the name
of a service, a PROTOCOL is tcp (taken if there is none) or udp.

  -u, --udp         send everything by UDP, whatever the ports say
  -d, --delay MS    pause for MS milliseconds from each packet to the next (none by default;
                    where packets may overtake each other on the way, 500 is safe)
  -4, --ipv4        knock at an IPv4 address of HOST
  -6, --ipv6        knock at an IPv6 address of HOST
  -v, --verbose     name each packet as it is sent
  -V, --version     print the version
  -h, --help        print this text

example: knock -v -d 500 gate.example.org 7000 8000:udp 9000
`;

/** knockd's client. Exit codes are its own: 0, or 1 for whatever went wrong and for --help. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const { flags, operands } = getopt(args, options);
  let udp = false;
  let delay = "0";
  let family: Family = 0;
  let verbose = false;
  for (const { name, value = "" } of flags) {
    if (name === "udp") udp = true;
    else if (name === "delay") delay = value;
    else if (name === "ipv4") family = 4;
    else if (name === "ipv6") family = 6;
    else if (name === "verbose") verbose = true;
    else if (name === "version") {
      io.stdout(`knock 0.8 (Sesame ${version})\n`);
      return 0;
    } else {
      io.stdout(usage);
      return 1;
    }
  }
  const [host, ...ports] = operands;
  if (host === undefined || ports.length === 0) {
    io.stdout(usage);
    return 1;
  }
  if (Number(delay) < 0) {
    io.stderr("error: delay cannot be negative\n");
    return 1;
  }
  const steps = parseSteps(ports, udp, findService);
  const plan = toPlan({ host, steps, family, delay: parseDelay(delay) }, usualPayload);
  const routes = await resolve(plan, io);
  for (const route of routes) {
    await sendPlan(plan, route, (step) => {
      if (verbose) io.stdout(`hitting ${formatStep(step, route.address)}\n`);
    });
  }
  if (routes.length === 0) return 1;
  return 0;
}

/** None, and said in the words of knockd's client, if the host has no address. */
async function resolve(plan: Plan, io: Io): Promise<Route[]> {
  try {
    return await findRoutes(plan.host, plan.family, {});
  } catch (error) {
    if (!(error instanceof KnockError) || error.code !== "RESOLVE") throw error;
    const port = plan.steps[0]?.text;
    io.stderr(`Failed to resolve hostname '${plan.host}' on port ${port}\n`);
    io.stderr(`getaddrinfo: ${error.message}\n`);
    return [];
  }
}
