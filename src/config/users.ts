import type { FwknopLock } from "../knock/fwknop-lock.ts";
import type { KeyId, KnownLocks, Lock, LockFault } from "../knock/keys.ts";
import { knownLocks, parseLock } from "../knock/keys.ts";
import { deviceDirectives } from "./device-directives.ts";
import type { AnyRow, ValuesOf } from "./directive.ts";
import { isNameOf, withDefaults } from "./directive.ts";
import type { ReadFwknop } from "./fwknop-keys.ts";
import { fwknopKeyNames, readFwknop } from "./fwknop-keys.ts";
import type { ConfigSection, Directive } from "./lines.ts";
import { readSections } from "./lines.ts";
import { isDeviceName } from "./principals.ts";
import type { Problem } from "./problem.ts";
import { readValue } from "./section.ts";
import type { Parsed } from "./values.ts";

/** A device that may open doors. */
export interface Device extends ValuesOf<typeof deviceDirectives> {
  /** `alice/laptop` */
  readonly name: string;
  /** One, or two while the key changes; none of a fwknop client. */
  readonly locks: readonly Lock[];
  readonly fwknop: FwknopLock | undefined;
}

/** Returns the names that the keys of a device have in log and journal. */
export function keyIdsOf({ locks, fwknop }: Pick<Device, "locks" | "fwknop">): readonly KeyId[] {
  return [...locks, ...(fwknop === undefined ? [] : [fwknop])].map(({ id }) => id);
}

/** What a users file says. */
export interface ParsedUsers {
  /** Those without an error. */
  readonly devices: readonly Device[];
  /** The names of the sections that have an error, also of those whose first line has one. */
  readonly unsound: ReadonlySet<string>;
  /** All of them, in the order of their lines. None quotes a key. */
  readonly problems: readonly Problem[];
}

/** More keys are an error: each costs some microseconds a minute. */
const mostKeys = 5000;

/** A device has a second key while the first is being replaced. */
const mostKeysOfDevice = 2;

/**
 * Reads a users file, and finds every problem in it. Takes a millisecond a key, but for the keys of the devices
 * `before`. Pure.
 */
export function parseUsers(text: string, before: Iterable<Device> = []): ParsedUsers {
  const known = knownLocks(Array.from(before, ({ locks }) => locks).flat());
  const problems: Problem[] = [];
  const lines = text.split("\n");
  const sections = readSections(text.replace(/^\uFEFF/, ""), problems, "[alice/laptop]");
  const owners = new Map<string, string>();
  const names = new Set<string>();
  const unsound = new Set<string>();
  let keys = 0;
  const devices = sections.flatMap((section) => {
    const own: Problem[] = [];
    const device = readDevice(section, known, own);
    if (names.has(section.name)) own.push(error(section, "another section has this name"));
    names.add(section.name);
    const { fwknop } = device;
    for (const { digests, at } of [...device.locks.flatMap(digestsOf), ...digestsOf(fwknop)]) {
      keys++;
      const owner = digests.map((one) => owners.get(one)).find((one) => one !== undefined);
      if (owner !== undefined) own.push(sharedKey(at, owner, section.name));
      for (const one of digests) owners.set(one, section.name);
      if (keys === mostKeys + 1) own.push(error(at, `there are more than ${mostKeys} keys`));
    }
    problems.push(...own);
    const locks = device.locks.flatMap(({ lock }) => lock ?? []);
    // A section without a name is a line that could not be read: it is an error already.
    const hasError = section.name === "" || own.some(({ severity }) => severity === "error");
    if (!hasError && keys <= mostKeys) {
      return [{ ...device.values, name: section.name, locks, fwknop: fwknop?.lock }];
    }
    for (const name of namesOf(section, lines)) unsound.add(name);
    return [];
  });
  problems.sort((a, b) => a.line - b.line || a.column - b.column);
  return { devices, unsound, problems };
}

/** Returns the name of a section, or what its first line may have named if that cannot be read. */
function namesOf({ name, line }: ConfigSection, lines: readonly string[]): readonly string[] {
  if (name !== "") return [name];
  return (lines[line - 1] ?? "").match(/[a-z0-9._-]{1,32}\/[a-z0-9._-]{1,32}/g) ?? [];
}

type Position = Pick<Problem, "line" | "column">;

interface ReadKey {
  readonly lock: Lock | undefined;
  readonly at: Position;
}

interface ReadDevice {
  readonly values: ValuesOf<typeof deviceDirectives>;
  readonly locks: readonly ReadKey[];
  readonly fwknop: ReadFwknop | undefined;
}

/** Returns what no other device may have of a key that could be read. */
function digestsOf(read: ReadKey | ReadFwknop | undefined) {
  const lock = read?.lock;
  if (read === undefined || lock === undefined) return [];
  const more = "publicDigest" in lock ? [lock.publicDigest] : [];
  return [{ digests: [lock.secretDigest, ...more], at: read.at }];
}

function readDevice(section: ConfigSection, known: KnownLocks, problems: Problem[]): ReadDevice {
  // A section without a name is a line that could not be read.
  if (section.name !== "" && !isDeviceName(section.name)) {
    const message = "the name of a section is not PERSON/DEVICE";
    const hint = "1 to 32 of a-z, 0-9, '.', '_' and '-' each: [alice/laptop]";
    problems.push({ ...error(section, message), hint });
  }
  const values = new Map<AnyRow, unknown>();
  for (const one of section.directives) {
    const row = Object.values<AnyRow>(deviceDirectives).find((known) => isNameOf(one.key, known));
    if (isKey(one) || fwknopKeyNames.includes(one.key.toLowerCase())) continue;
    const value = row === undefined ? unknownDirective(one) : readSafely(one, row);
    if ("problem" in value) problems.push(problemOf(one, value));
    else if (row !== undefined && values.has(row)) problems.push(secondTime(one, row));
    else if (row !== undefined) values.set(row, value.value);
  }
  const locks = section.directives
    .filter(isKey)
    .map((one) => ({ lock: readLock(one, known, problems), at: placeOf(one) }));
  const [, , third] = locks;
  const all = withDefaults(deviceDirectives, (row) => values.get(row));
  const fwknop = readFwknop(section, all.fwknopHmac, problems);
  if (locks.length === 0 && fwknop === undefined && section.name !== "") {
    problems.push({ ...error(section, "the device has no key"), hint: "key = lock1:…" });
  }
  if (third !== undefined) {
    const message = `a device has ${mostKeysOfDevice} keys at most`;
    const hint = "knockctl user remove NAME --key ID removes one";
    problems.push({ ...error(third.at, message), hint });
  }
  return { values: all, locks, fwknop };
}

type ValueProblem = Extract<Parsed<unknown>, { readonly problem: string }>;

function unknownDirective({ key }: Directive): ValueProblem {
  const names = Object.values<AnyRow>(deviceDirectives).map(({ name }) => name.toLowerCase());
  // It may be a part of a key: the line is not quoted.
  const isPlain = /^[a-z_]{1,20}$/i.test(key);
  const problem = isPlain ? `unknown directive "${key}"` : "unknown directive";
  return {
    problem,
    offset: 0,
    hint: `directives are ${["key", ...fwknopKeyNames, ...names].join(", ")}`,
  };
}

function secondTime({ line, column }: Directive, { name }: AnyRow): Problem {
  return error({ line, column }, `${name} stands twice in this section`);
}

function isKey({ key }: Directive): boolean {
  return key.toLowerCase() === "key";
}

/** Reads a value whose problems quote it, unless a key stands in it. */
function readSafely(one: Directive, row: AnyRow): Parsed<unknown> {
  if (one.value === undefined) return { problem: `${row.name} needs a value`, offset: 0 };
  if (/(?:lock|key)\d*:|[\w-]{40}/i.test(one.value)) {
    return { problem: `${row.name} is not a key`, offset: 0, hint: "key = lock1:…" };
  }
  const parsed = readValue(one, row);
  return "value" in parsed ? parsed : { ...parsed, problem: `${row.name}: ${parsed.problem}` };
}

function readLock(one: Directive, known: KnownLocks, problems: Problem[]): Lock | undefined {
  const text = (one.value ?? "").replace(/\s+#.*$/s, "");
  const lock = parseLock(text, known);
  if (typeof lock !== "string") return lock;
  const isDeviceHalf = text.startsWith("key1:");
  const problem = isDeviceHalf
    ? "this is the device's half of a key, which must not be here"
    : lockFaults[lock];
  const hint = isDeviceHalf
    ? "make a new key: who read this file has it; knockctl user add NAME"
    : "knockctl user add NAME writes it";
  problems.push(problemOf(one, { problem, offset: 0, hint }));
  return undefined;
}

/** What is wrong with a key, without the key. */
const lockFaults: Readonly<Record<LockFault, string>> = {
  spelling: "the key is not lock1: and 91 characters of a-z, A-Z, 0-9, - and _",
  checksum: "the key has a wrong checksum: a character is wrong",
  "not canonical": "the public key in this key is not canonical",
  "no point of the curve": "the public key in this key is not a point of the curve",
  "small order": "the public key in this key has a small order: any sender could sign",
};

function sharedKey(at: Position, owner: string, name: string): Problem {
  // Another heading may be a key that was put at a wrong place.
  const other = isDeviceName(owner) ? `[${owner}]` : "another section";
  const where = owner === name ? "twice in this section" : `also in ${other}`;
  return { ...error(at, `this key, or half of it, is ${where}`), hint: "a key for each device" };
}

function error({ line, column }: Position, message: string): Problem {
  return { severity: "error", line, column, message };
}

function problemOf(one: Directive, { problem, offset, hint }: ValueProblem): Problem {
  const { line, column } = placeOf(one);
  return { ...error({ line, column: column + offset }, problem), ...(hint && { hint }) };
}

function placeOf({ line, valueColumn: column }: Directive): Position {
  return { line, column };
}
