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

/** Knocks, connects with the service, and carries bytes between it and our input and output. The exit code: 0 if both sides ended well. */
export async function proxy(
  delivery: KnockJob,
  service: { readonly host: string; readonly port: string },
): Promise<number> {
  const { plan, profile } = delivery;
  const { port } = parseWait(service.port, findService);
  const routes = await resolve(delivery);
  if (routes === undefined) return 1;
  // What we connect to must be what we knocked at, where that is the same machine.
  const isKnocked = service.host === profile.host || service.host === profile.name;
  const errand = {
    plan,
    routes,
    ...(!isKnocked && { service: await routesTo(service.host, delivery, routes) }),
    wait: { port, timeout: profile.wait?.timeout ?? usualTimeout },
    retry: profile.retry ?? 0,
  };
  const outcome = await runKnock(delivery, errand);
  const { socket } = outcome.reply;
  if (!printOutcome(delivery, outcome, port) || socket === undefined) return 1;
  const output = openOutput();
  // Nobody would see the end of what the server says: then it is the end of all.
  if (output === process.stdout) socket.once("end", () => socket.end());
  try {
    await pipe(socket, process.stdin, output);
    return 0;
  } catch (error) {
    throw new KnockError("SYSTEM", `connection with ${service.host}: ${systemReason(error)}`);
  }
}

/** The ways to a service. If nobody asked for a family it is that of the knock: the door opened for no other. */
async function routesTo(
  host: string,
  { plan: { family }, profile }: KnockJob,
  [knocked]: readonly Route[],
): Promise<Route[]> {
  if (family !== 0 || knocked === undefined) return await findRoutes(host, family, profile);
  return alongside(await findRoutes(host, "both", profile), knocked);
}

/**
 * Node never closes its standard output, and whoever reads a pipe waits for that end. Windows has one
 * descriptor more, which we cannot close.
 */
function openOutput(): Writable {
  const isPipe = process.stdout instanceof Socket && !process.stdout.isTTY;
  if (!isPipe || process.platform === "win32") return process.stdout;
  const output = new Socket({ fd: 1, readable: false, writable: true });
  // libuv leaves the first three descriptors open.
  return output.once("close", () => closeSync(1));
}
