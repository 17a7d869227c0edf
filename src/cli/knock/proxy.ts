import { fstatSync } from "node:fs";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import { KnockError } from "../../base/errors.ts";
import { carry } from "../../client/carry.ts";
import { findRoutes } from "../../client/route.ts";
import { findService } from "../../client/services.ts";
import { systemReason } from "../../client/system-reason.ts";
import { parseWait, usualPatience } from "../../client/wait.ts";
import type { Delivery } from "./delivery.ts";
import { resolve } from "./delivery.ts";
import { pursue, tell } from "./wait.ts";

/** Knocks, connects with the service, and carries bytes between it and our input and output. The exit code: 0 if both sides ended well. */
export async function proxy(
  delivery: Delivery,
  service: { readonly host: string; readonly port: string },
): Promise<number> {
  const { plan, profile, io } = delivery;
  const { port } = parseWait(service.port, findService);
  const routes = await resolve(plan, profile, io);
  if (routes === undefined) return 1;
  // What we connect to must be what we knocked at, where that is the same machine.
  const isKnocked = service.host === profile.host || service.host === profile.name;
  const errand = {
    plan,
    routes,
    ...(!isKnocked && { service: await findRoutes(service.host, plan.family, profile) }),
    wait: { port, patience: profile.wait?.patience ?? usualPatience },
    retry: profile.retry ?? 0,
  };
  const outcome = await pursue(delivery, errand);
  const { socket } = outcome.reply;
  if (!tell(delivery, outcome, port) || socket === undefined) return 1;
  try {
    await carry(socket, process.stdin, openOutput());
    return 0;
  } catch (error) {
    throw new KnockError("SYSTEM", `connection with ${service.host}: ${systemReason(error)}`);
  }
}

/** Node never closes its own standard output, and whoever reads it waits for that end. */
function openOutput(): Writable {
  const kind = fstatSync(1);
  if (!kind.isFIFO() && !kind.isSocket()) return process.stdout;
  return new Socket({ fd: 1, readable: false, writable: true });
}
