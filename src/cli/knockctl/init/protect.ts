// The second half of `knockctl init`: from a door that is there to services that only it leads to.

import { KnockError } from "../../../base/errors.ts";
import { defaultConfigFile, defaultControlSocket } from "../../../base/paths.ts";
import { printable } from "../../../base/text.ts";
import type { Params, Result } from "../../../control/methods.ts";
import type { Changes, Say } from "../../../setup/apply.ts";
import { proveAll, putBack, tellChanges, withDaemonOf } from "../../../setup/apply.ts";
import type { InitOptions, SetupPlan } from "../../../setup/plan.ts";
import { formatProof } from "../../../setup/probe.ts";
import { Visitor } from "../../../setup/probe-host.ts";
import type { Io } from "../../program.ts";
import type { CommandLine } from "../command.ts";
import { print } from "../command.ts";
import { formatEnd, formatGuarded, watchEnd } from "../trial.ts";
import type { ClientLines } from "./output.ts";
import { clientLines, formatClient, lastResort } from "./output.ts";

export interface LockUpParts {
  readonly line: CommandLine;
  readonly io: Io;
  readonly plan: SetupPlan;
  readonly wishes: InitOptions & { readonly origin: NonNullable<InitOptions["origin"]> };
  readonly changes: Changes;
  /** Whether a stranger is to try the doors first. */
  readonly proof: boolean;
  readonly say: Say;
  readonly signal: AbortSignal;
}

/** Proves the doors, says how to come in, and protects on trial. Returns the exit code; throws SYSTEM. */
export async function lockUp(parts: LockUpParts): Promise<number> {
  const { plan, changes, proof, signal } = parts;
  const visitor = proof ? await invite(parts) : undefined;
  // Whatever happens: it is to be gone before we are.
  try {
    await proveOpen(parts, visitor);
    const clients = plan.doors.flatMap((one) => clientLines(one, parts.wishes) ?? []);
    tellClients(parts, clients);
    if (changes.unprotected.length === 0) return finish(parts, clients, undefined);
    return await protect(parts, visitor, clients);
  } catch (error) {
    if (signal.aborted) await putBack(plan.place, changes.record, error, signal);
    throw withChanges(error, changes);
  } finally {
    await visitor?.close();
  }
}

async function invite({ changes, plan, signal }: LockUpParts): Promise<Visitor> {
  try {
    return await Visitor.open();
  } catch (error) {
    if (signal.aborted) await putBack(plan.place, changes.record, error, signal);
    if (!(error instanceof KnockError)) throw error;
    const hints = [...error.hints, "--no-proof does without it"];
    throw withChanges(new KnockError("SYSTEM", error.message, { cause: error, hints }), changes);
  }
}

async function proveOpen({ plan, say, signal }: LockUpParts, visitor: Visitor | undefined) {
  if (visitor === undefined) return say("nobody has tried whether the doors open");
  for (const [trial, proof] of await proveAll(plan, visitor, false, signal)) {
    say(formatProof(trial, proof));
  }
  signal.throwIfAborted();
}

function tellClients({ line, io, plan, wishes }: LockUpParts, clients: readonly ClientLines[]) {
  if (line.given.has("json")) return;
  for (const lines of clients) io.stdout(formatClient(lines, wishes.host));
  for (const { door } of plan.doors) {
    if (door.sequence.kind === "fixed") continue;
    io.stdout(
      `\n[${printable(door.name)}] opens by the sequences of ${printable(door.sequence.file)}\n`,
    );
  }
  io.stdout("\n");
}

/** On trial; what happens then is up to the administrator, as with `knockctl guard`. */
async function protect(
  parts: LockUpParts,
  visitor: Visitor | undefined,
  clients: readonly ClientLines[],
): Promise<number> {
  const { line, io, plan, wishes, changes, say, signal } = parts;
  const params: Params<"guard"> = {
    ...wishes.origin,
    services: changes.unprotected,
    ...(wishes.trial !== undefined && { for: wishes.trial }),
  };
  return await withDaemonOf(plan.place, async (daemon) => {
    const end = watchEnd(daemon);
    const guarded = await daemon.ask("guard", params);
    for (const text of guarded.warnings) io.stderr(`knockctl: warning: ${printable(text)}\n`);
    if (visitor !== undefined) {
      const wasShut = await proveShut(parts, visitor, guarded);
      // Nothing of it should be there as long as people think about what to do.
      await visitor.close();
      if (wasShut) say("on trial they open by a knock, and by nothing else");
    }
    signal.throwIfAborted();
    if (line.given.has("json")) return finish(parts, clients, guarded);
    const { socket } = plan.place;
    const options = socket === defaultControlSocket ? "" : ` --socket ${printable(socket)}`;
    io.stdout(`\n${formatGuarded(guarded, options)}${formatLastResort(plan, line)}`);
    const interrupted = new Promise<"left">((resolve) => {
      signal.addEventListener("abort", () => resolve("left"), { once: true });
    });
    const result = await Promise.race([end(guarded), interrupted]);
    if (result === "left") {
      io.stdout(
        "\nNobody waits any more; the trial goes on until its end. knockctl undo takes all back.\n",
      );
      return 1;
    }
    io.stdout(formatEnd(guarded, result));
    if (result === "confirmed") return 0;
    io.stdout(
      "The doors are there, but nothing is protected: knockctl guard tries again, knockctl undo takes all back.\n",
    );
    return 1;
  });
}

/** Whether nobody got through without a knock, as far as that could be seen. Throws SYSTEM if somebody did. */
async function proveShut(
  { plan, signal }: LockUpParts,
  visitor: Visitor,
  { remaining }: Result<"guard">,
): Promise<boolean> {
  try {
    const proofs = await proveAll(plan, visitor, true, signal);
    return proofs.every(([, { before }]) => before === "silent");
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    const seconds = Math.ceil(remaining / 1000);
    const hints = [
      `do not confirm the trial: it ends by itself within ${seconds}s`,
      "knockctl unprotect ends it now",
      ...error.hints,
    ];
    throw new KnockError("SYSTEM", error.message, { cause: error, hints });
  }
}

function finish(
  { line, io, plan, changes, proof }: LockUpParts,
  clients: readonly ClientLines[],
  trial: Result<"guard"> | undefined,
): number {
  const { place, doors } = plan;
  const { backup, started, written } = changes.record;
  const result = {
    config: place.config,
    written: written !== undefined,
    ...(backup !== undefined && { backup }),
    ...(started !== undefined && { started }),
    doors: doors.map(({ door, strength }) => ({
      name: door.name,
      isNew: strength !== undefined,
      ...strength,
    })),
    clients,
    proven: proof,
    ...(trial !== undefined && { trial }),
  };
  print(line, io, result, () => {
    return `All of it is protected already: nothing is on trial.\n${formatLastResort(plan, line)}`;
  });
  return 0;
}

/** How to get in when all fails. */
function formatLastResort({ place: { config } }: SetupPlan, { given }: CommandLine): string {
  const socket = given.get("socket");
  const options = [
    ...(config === defaultConfigFile ? [] : [` --config ${config}`]),
    ...(socket === undefined ? [] : [` --socket ${socket}`]),
  ];
  return lastResort(printable(options.join("")));
}

/** What went wrong, and what is there now. */
function withChanges(error: unknown, { record }: Changes): unknown {
  if (!(error instanceof KnockError)) return error;
  const hints = [...error.hints, ...tellChanges(record), "knockctl undo takes it back"];
  return new KnockError(error.code, error.message, { cause: error, hints });
}
