// The conditions of nftables' rules, as libnftables-json(5) writes them.
import { field, itemsOf, own } from "../../base/json-fields.ts";
import type { Condition } from "./packet.ts";
import {
  answer,
  comesOn,
  echoType,
  every,
  hasPort,
  hasState,
  isFrom,
  isTo,
  never,
  not,
  protocolNumber,
  readProtocol,
  some,
  synFlag,
  tcpFlagBits,
  unknown,
} from "./packet.ts";

/** Returns the condition of a statement `match`. */
export function matchCondition(match: unknown): Condition {
  const [left, right, op] = ["left", "right", "op"].map((name) => field(match, name));
  const flags = tcpFlags(left, right, op);
  if (flags !== undefined) return flags;
  if (op === "==" || op === "in") return valueCondition(left, right);
  if (op === "!=") return not(valueCondition(left, right));
  const number = typeof right === "number" ? right : Number.NaN;
  const ranges: Readonly<Record<string, readonly [number, number]>> = {
    "<": [0, number - 1],
    "<=": [0, number],
    ">": [number + 1, Number.MAX_SAFE_INTEGER],
    ">=": [number, Number.MAX_SAFE_INTEGER],
  };
  const range = own(ranges, String(op));
  if (range === undefined || Number.isNaN(number)) return unknown;
  return valueCondition(left, { range });
}

/** Returns the condition that an expression has a value, or one of several. */
export function valueCondition(left: unknown, right: unknown): Condition {
  if (Array.isArray(right)) return some(right.map((one) => valueCondition(left, one)));
  const set = field(right, "set");
  if (set !== undefined) {
    return some(itemsOf(right, "set").map((one) => valueCondition(left, one)));
  }
  const element = field(right, "elem");
  if (element !== undefined) return valueCondition(left, field(element, "val"));
  // The elements of a named set are not part of a terse list.
  if (typeof right === "string" && right.startsWith("@")) return unknown;
  if (right === "*") return () => "yes";
  const parts = itemsOf(left, "concat");
  if (parts.length > 0) {
    const values = itemsOf(right, "concat");
    return every(parts.map((part, i) => valueCondition(part, values[i])));
  }
  const [kind = "", content] = Object.entries(left ?? {})[0] ?? [];
  const name = `${kind} ${describe(kind, content)}`;
  return own(conditions, name)?.(right) ?? unknown;
}

function describe(kind: string, content: unknown): string {
  if (kind === "payload") return `${field(content, "protocol")} ${field(content, "field")}`;
  if (kind === "fib") return `${field(content, "result")} ${itemsOf(content, "flags").join(" ")}`;
  return String(field(content, "key"));
}

type ConditionReader = (value: unknown) => Condition;

const protocol: ConditionReader = (value) => {
  const [first, last] = rangeOf(typeof value === "string" ? readProtocol(value) : value);
  return (packet) => answer(first <= protocolNumber(packet) && protocolNumber(packet) <= last);
};

const port =
  (...names: readonly string[]): ConditionReader =>
  (value) => {
    const has = hasPort(...rangeOf(value));
    return (packet) => (names.includes(packet.service.protocol) ? has(packet) : "no");
  };

const source: ConditionReader = (value) => {
  const network = networkOf(value);
  return network === undefined ? unknown : isFrom(...network);
};

const destination: ConditionReader = (value) => {
  const network = networkOf(value);
  return network === undefined ? unknown : isTo(...network);
};

const ofFamily =
  (family: 4 | 6, read: ConditionReader): ConditionReader =>
  (value) => {
    const condition = read(value);
    return (packet) => (packet.family === family ? condition(packet) : "no");
  };

const icmpType: ConditionReader = (value) => {
  const [first, last] = rangeOf(value);
  return (packet) => {
    if (packet.service.protocol !== "icmp") return "no";
    if (typeof value === "string") return answer(value === "echo-request");
    return answer(first <= echoType(packet) && echoType(packet) <= last);
  };
};

const interfaceName: ConditionReader = (value) =>
  typeof value === "string" ? comesOn(value, "*") : unknown;

/** By the kind of an expression, and its fields. */
const conditions: Readonly<Record<string, ConditionReader>> = {
  "meta l4proto": protocol,
  "meta protocol": (value) => familyNamed(value, { ip: 4, ip6: 6 }),
  "meta nfproto": (value) => familyNamed(value, { ipv4: 4, ipv6: 6 }),
  "meta iifname": interfaceName,
  "meta iif": interfaceName,
  "meta pkttype": (value) => () => answer(value === "host" || value === "unicast" || value === 0),
  "payload ip protocol": ofFamily(4, protocol),
  "payload ip6 nexthdr": ofFamily(6, protocol),
  "payload ip saddr": source,
  "payload ip6 saddr": source,
  "payload ip daddr": destination,
  "payload ip6 daddr": destination,
  "payload tcp dport": port("tcp"),
  "payload udp dport": port("udp"),
  "payload th dport": port("tcp", "udp"),
  "payload sctp dport": () => never,
  "payload dccp dport": () => never,
  "payload icmp type": ofFamily(4, icmpType),
  "payload icmpv6 type": ofFamily(6, icmpType),
  "payload tcp sport": ofService("tcp"),
  "payload udp sport": ofService("udp"),
  "ct state": (value) => (typeof value === "string" ? hasState(value) : unknown),
  // What others may translate is not followed.
  "ct status": (value) => {
    if (value === "dnat") return ({ isTranslated }) => answer(isTranslated);
    return value === "snat" ? never : unknown;
  },
  "fib type daddr": (value) => (packet) =>
    answer((value === "local" || value === 2) === (packet.destination === undefined)),
};

/** A packet of another protocol has no such field; of this one the value is not known. */
function ofService(name: string): ConditionReader {
  return () => (packet) => (packet.service.protocol === name ? "maybe" : "no");
}

function familyNamed(value: unknown, names: Readonly<Record<string, 4 | 6>>): Condition {
  const family = own(names, String(value));
  return family === undefined ? unknown : (packet) => answer(packet.family === family);
}

/** Returns the first and the last of the values; an empty range if it is none. */
function rangeOf(value: unknown): readonly [number, number] {
  const [first, last] = itemsOf(value, "range").map(Number);
  if (first !== undefined && last !== undefined) return [first, last];
  return typeof value === "number" ? [value, value] : [1, 0];
}

function networkOf(value: unknown): readonly [string, number] | undefined {
  const prefix = field(value, "prefix");
  if (prefix !== undefined) return [String(field(prefix, "addr")), Number(field(prefix, "len"))];
  if (typeof value !== "string") return undefined;
  return [value, value.includes(":") ? 128 : 32];
}

/** Returns a condition of TCP's flags, as `tcp flags & (syn | ack) == syn`. */
function tcpFlags(left: unknown, right: unknown, op: unknown): Condition | undefined {
  const masked = itemsOf(left, "&");
  const [expression = left, ...masks] = masked;
  const payload = field(expression, "payload");
  if (field(payload, "protocol") !== "tcp" || field(payload, "field") !== "flags") return undefined;
  const mask = masks.length === 0 ? 0xff : flagsOf(masks.flat());
  const value = flagsOf(right);
  if (mask === undefined || value === undefined) return unknown;
  const flags = synFlag & mask;
  const isMet = {
    "==": flags === value,
    "!=": flags !== value,
    in: (flags & value) !== 0,
  }[String(op)];
  if (isMet === undefined) return unknown;
  return ({ service }) => answer(service.protocol === "tcp" && isMet);
}

/** Returns the bits of flags in any form that nft writes; `undefined` if one is not known. */
function flagsOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "string") return own(tcpFlagBits, value);
  const parts = Array.isArray(value) ? value : itemsOf(value, "|");
  if (parts.length === 0) return undefined;
  const bits = parts.map(flagsOf);
  return bits.reduce<number | undefined>(
    (sum, bit) => (sum === undefined || bit === undefined ? undefined : sum | bit),
    0,
  );
}
