import { closeSync } from "node:fs";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import { KnockError } from "../../base/errors.ts";
import { pipe } from "../../client/pipe.ts";
import type { Route } from "../../client/route.ts";
import { alongside, findRoutes } from "../../client/route.ts";
import { findService } from "../../client/services.ts";
import { systemReason } from "../../client/system-reason.ts";
import { parseWait, usualTimeout } from "../../client/wait.ts";
import type { KnockJob } from "./knock-job.ts";
import { resolve } from "./knock-job.ts";
import { printOutcome, runKnock } from "./wait.ts";

/** Knocks, connects to the service, and pipes standard input and output. Returns the exit code: 0 if both directions ended well. */
export async function proxy(
  job: KnockJob,
  service: { readonly host: string; readonly port: string },
): Promise<number> {
  const { plan, profile } = job;
  const { port } = parseWait(service.port, findService);
  const routes = await resolve(job);
  if (routes === undefined) return 1;
  // On the same machine the connection must use the address of the knock.
  const isKnocked = service.host === profile.host || service.host === profile.name;
  const options = {
    plan,
    routes,
    ...(!isKnocked && { service: await routesTo(service.host, job, routes) }),
    wait: { port, timeout: profile.wait?.timeout ?? usualTimeout },
    retry: profile.retry ?? 0,
  };
  const outcome = await runKnock(job, options);
  const { socket } = outcome.reply;
  if (!(await printOutcome(job, outcome, port)) || socket === undefined) return 1;
  const output = openOutput();
  // Standard output cannot be closed here: the end of the server's data ends the connection.
  if (output === process.stdout) socket.once("end", () => socket.end());
  try {
    await pipe(socket, process.stdin, output);
    return 0;
  } catch (error) {
    throw new KnockError("SYSTEM", `connection with ${service.host}: ${systemReason(error)}`);
  }
}

/** Returns the routes to a service. Without a requested family they have that of the knock: the door opened for it alone. */
async function routesTo(
  host: string,
  { plan: { family }, profile }: KnockJob,
  [knocked]: readonly Route[],
): Promise<Route[]> {
  if (family !== 0 || knocked === undefined) return await findRoutes(host, family, profile);
  return alongside(await findRoutes(host, "both", profile), knocked);
}

/**
 * Node never closes its standard output, but the reader of a pipe waits for its end. On Windows a second descriptor
 * keeps the pipe open.
 */
function openOutput(): Writable {
  const isPipe = process.stdout instanceof Socket && !process.stdout.isTTY;
  if (!isPipe || process.platform === "win32") return process.stdout;
  const output = new Socket({ fd: 1, readable: false, writable: true });
  // libuv leaves the first three descriptors open.
  return output.once("close", () => closeSync(1));
}
