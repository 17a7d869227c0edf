// What a knock lacks, in words, and what to do about it. Pure.
import type { Address } from "../../../base/address.ts";
import { humanDuration } from "../../../base/duration.ts";
import type { Port } from "../../../base/port.ts";
import { formatFlagTest } from "../../../base/tcp-flags.ts";
import type { KnockTrace } from "../../../daemon/diagnosis/knock-trace.ts";
import type { DoorEffect } from "../../../daemon/diagnosis/seen-packet.ts";
import { formatSteps } from "../trial.ts";

/** What happened, and the next thing to do: a command, or a step. */
export interface Advice {
  readonly message: string;
  readonly next: string;
}

/** What advice needs to know of this machine and its administrator. */
export interface AdviceParts {
  /** This server, as the client names it. */
  readonly host: string;
  /** The interfaces of the configuration; `undefined`: all. */
  readonly interfaces: readonly string[] | undefined;
  readonly typed: (command: string) => string;
}

/** The pauses that a client is told to make, and where packets overtook each other: milliseconds. */
const usualDelay = 200;
const longDelay = 500;

/** Explains a knock that did not open its door. */
export function explainTrace(trace: KnockTrace, parts: AdviceParts): Advice {
  const { door, source } = trace;
  const name = `[${door.name}]`;
  const again = onClient(knockCommand(door.sequence, parts.host));
  const steps = (numbers: readonly number[]) => listPorts(pick(door.sequence, numbers));
  const diagnosis = trace.diagnose();
  switch (diagnosis.kind) {
    case "opened":
      return { message: `the knock of ${source} is right`, next: parts.typed("status") };
    case "interface":
      return {
        message: `the knock of ${source} comes in on ${diagnosis.name}, and knockd listens on ${parts.interfaces?.join(", ") ?? "others"}`,
        next: `Interface = ${[...(parts.interfaces ?? []), diagnosis.name].join(", ")} in [options], then ${parts.typed("reload")}`,
      };
    case "source":
      return {
        message: `${name} does not let ${source} knock: its allow or deny excludes it`,
        next: `change allow or deny of ${name}, then ${parts.typed("reload")}`,
      };
    case "destination":
      return {
        message: `the knock of ${source} is for another address than this machine's, or than the target of ${name}`,
        next: again,
      };
    case "ignored":
      return {
        message: `${source} is ignored: it touched three decoys within a minute, as a port scan does`,
        next: parts.typed(`forgive ${source}`),
      };
    case "protocol": {
      const wanted = pick(door.sequence, diagnosis.steps);
      return {
        message: `${listPorts(wanted.map(otherProtocol))} came from ${source}, and ${name} wants ${listPorts(wanted)}`,
        next: again,
      };
    }
    case "flags":
      return {
        message: `${steps(diagnosis.steps)} came from ${source} with other flags than ${name} wants: ${formatFlagTest(door.flags).join(", ")}`,
        next: again,
      };
    case "late":
      return explainLate(trace, diagnosis, parts);
    case "missing": {
      const ports = steps(diagnosis.steps);
      return {
        message: `no packet for ${ports} has come from ${source}: a cloud's security group or a router in between drops it, or the client does not send it, or to another port`,
        next: `let ${ports} pass in the provider's firewall, then ${parts.typed(`doctor ${door.name}`)}`,
      };
    }
    case "order":
      return {
        message: `the steps came from ${source} in the order ${steps(diagnosis.came)}, and ${name} wants ${listPorts(door.sequence)}`,
        next: onClient(knockCommand(door.sequence, parts.host, pauseAfter(diagnosis.came))),
      };
    case "decoy":
      return {
        message: `a packet for ${listPorts([diagnosis.port])}, a decoy, came from ${source} in between: a wrong port, or a scan`,
        next: again,
      };
    case "other-door":
      return {
        message: `a packet for ${listPorts([diagnosis.port])}, a port of another door, came from ${source} in between`,
        next: again,
      };
    case "unclear":
      return {
        message: `all steps came from ${source}, and yet they did not open ${name}`,
        next: parts.typed(`watch ${source}`),
      };
  }
}

function explainLate(
  { door, source }: KnockTrace,
  { step, afterMs }: { readonly step: number; readonly afterMs: number },
  { host, typed }: AdviceParts,
): Advice {
  const port = listPorts(pick(door.sequence, [step]));
  const enough = Math.ceil((afterMs * 2) / 1000);
  const message = `${port} came from ${source} ${humanDuration(afterMs)} after the first step: too late, [${door.name}] allows ${humanDuration(door.timeout)}`;
  const again = onClient(knockCommand(door.sequence, host));
  // A client that waits between its steps may be faster; typing cannot.
  if (afterMs <= 60_000) {
    return {
      message,
      next: `${again}; or seq_timeout = ${enough} in [${door.name}], then ${typed("reload")}`,
    };
  }
  return { message, next: again };
}

function onClient(command: string): string {
  return `on the client: ${command}`;
}

/** A pause helps against packets that overtake each other, and not where all steps were sent the other way round. */
function pauseAfter(came: readonly number[]): number {
  const isReversed = came.every((step, i) => step < (came[i - 1] ?? Infinity));
  return isReversed ? usualDelay : longDelay;
}

/** Explains that no packet of a knock has come. `sequences`: of the doors. */
export function explainSilence(
  source: Address | undefined,
  sequences: readonly (readonly Port[])[],
  { host, knockPorts }: AdviceParts & { readonly knockPorts: readonly number[] },
): Advice {
  const from = source === undefined ? "" : ` from ${source}`;
  const [first] = sequences;
  const udp = knockPorts.map((number) => ({ number, protocol: "udp" }) as const);
  const isAlone = sequences.length === 1 && first !== undefined;
  const ports = isAlone
    ? ` (${listPorts(first)})`
    : sequences.length === 0 && udp.length > 0
      ? ` (${listPorts(udp)})`
      : "";
  return {
    message: `no packet of a knock${ports} has come${from}: a cloud's security group or a router in between drops them, the client knocks at another address, or it did not knock`,
    next:
      first === undefined
        ? knockPorts.length === 0
          ? "knock from the client, and try again"
          : "on the client: knock -v NAME, with the profile of a device that has a key"
        : onClient(knockCommand(first, host, usualDelay, "-v ")),
  };
}

/** Returns what a client types. */
export function knockCommand(
  sequence: readonly Port[],
  host: string,
  delay: number = usualDelay,
  options = "",
): string {
  return `knock ${options}-d ${delay} ${host} ${formatSteps(sequence)}`;
}

/** Returns what a packet is for a door, for its line. */
export function describeEffect(
  { door, step = 0, kind }: DoorEffect,
  interfaceName: string | undefined,
): string {
  const steps = door.sequence.length;
  const nth = `step ${step} of ${steps}`;
  switch (kind) {
    case "open":
      return `${nth}: complete`;
    case "stage":
      return nth;
    case "repeat":
      return `${nth} again`;
    case "order":
      return `${nth}, but not the next one`;
    case "late":
      return `${nth}, but too late`;
    case "protocol":
      return `${nth} is ${listPorts(pick(door.sequence, [step]))}`;
    case "flags":
      return `${nth}, but not ${formatFlagTest(door.flags).join(",")}`;
    case "source":
      return "not from a source that may knock";
    case "destination":
      return "not for this machine, or the door's target";
    case "interface":
      return `on ${interfaceName ?? "an interface"}, where knockd does not listen`;
    case "ignored":
      return "its source is ignored: touched decoys";
    case "retransmission":
      return "sent once more";
    case "decoy":
      return "a decoy: the knock has failed";
    case "other-door":
      return "of another door: the knock has failed";
  }
}

/** `tcp/7003, udp/9140` */
export function listPorts(ports: readonly Port[]): string {
  return ports.map(({ number, protocol }) => `${protocol}/${number}`).join(", ");
}

function pick(sequence: readonly Port[], steps: readonly number[]): Port[] {
  return steps.flatMap((step) => sequence[step - 1] ?? []);
}

function otherProtocol({ number, protocol }: Port): Port {
  return { number, protocol: protocol === "tcp" ? "udp" : "tcp" };
}
