// What a knock by key lacks, in words, and what to do about it. Pure.
import { printable } from "../../../base/text.ts";
import type { Advice, AdviceParts } from "./explain.ts";
import type { RefusedKnock, SeenKeyKnocks, StrangeKnock } from "./key-knocks.ts";

interface KeyAdviceParts extends Pick<AdviceParts, "interfaces" | "typed"> {
  readonly knockPorts: readonly number[];
}

/** Explains the last knock by key that opened nothing; `undefined`: none came. Refusals come first: they are certain. */
export function explainKeyKnocks(
  { refused, strange }: SeenKeyKnocks,
  parts: KeyAdviceParts,
): (Advice & { readonly code: string }) | undefined {
  const last = refused.at(-1);
  if (last !== undefined) return { code: last.check, ...explainRefused(last, parts) };
  const other = strange.at(-1);
  if (other === undefined) return undefined;
  const codes = { port: "knock-port", interface: "interface", unknown: "unknown-key" } as const;
  return { code: codes[other.kind], ...explainStrange(other, parts) };
}

/** Explains a knock that knockd refused. */
export function explainRefused(
  { who, check, message }: Pick<RefusedKnock, "who" | "check" | "message">,
  { typed }: Pick<KeyAdviceParts, "typed">,
): Advice {
  return { message, next: nextStep(check, who, typed) };
}

function nextStep(check: string, who: string, typed: (command: string) => string): string {
  const reload = typed("reload");
  switch (check) {
    case "clock":
      return `set the clock of ${who} by NTP, and check the one here: timedatectl`;
    case "claimed":
    case "replay":
      return `knock again on ${who}: each knock is a new packet`;
    case "repeated":
    case "repeated-elsewhere":
      return `${typed("leases")}: the first copy of the packet was accepted`;
    case "signature":
    case "tag":
    case "form":
      return `${typed(`user add ${who} --host NAME`)}, then knock --import on the device`;
    case "disabled":
    case "expired":
      return `change "${check === "expired" ? "expires" : "disabled"}" of ${who} in the users file, then ${reload}`;
    case "source":
      return `change "allow" of ${who} in the users file, then ${reload}`;
    case "address":
      return `on the device: "Address any" in its profile; or change "elsewhere" of ${who}, then ${reload}`;
    case "door":
      return `${typed("doors")}: check the users, allow and deny of the door, and Door in the profile of the device`;
    case "fleet":
    case "journal":
    case "start":
      return typed("status");
    default:
      return `knock again in a minute; ${typed(`user show ${who}`)} counts what was refused`;
  }
}

/** Explains a datagram of which knockd says nothing. */
export function explainStrange(
  { kind, source, port, interfaceName }: StrangeKnock,
  { interfaces = [], knockPorts, typed }: KeyAdviceParts,
): Advice {
  const name = printable(interfaceName ?? "");
  switch (kind) {
    case "port":
      return {
        message: `a knock by key of ${source} came to udp/${port}, and KnockPort is ${knockPorts.join(", ")}`,
        next: `on the device: KnockPort ${knockPorts[0] ?? ""} in its profile`,
      };
    case "interface":
      return {
        message: `a knock by key of ${source} comes in on ${name}, and knockd listens on ${interfaces.join(", ")}`,
        next: `Interface = ${[...interfaces, name].join(", ")} in [options], then ${typed("reload")}`,
      };
    case "unknown":
      return {
        message: `a packet of ${source} came to udp/${port}, and no key that knockd has made it: the device has another key, or a clock more than 26 hours off`,
        next: `${typed("user list")}: compare the keys; ${typed("user add NAME --host NAME")} makes a new one`,
      };
  }
}
