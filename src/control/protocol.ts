// The lines of the control socket; docs/control-protocol.md says what they mean. Pure.

import * as v from "valibot";
import { Address } from "../base/address.ts";
import { KnockError, reason } from "../base/errors.ts";
import type { Entry } from "../base/log.ts";
import { escapeControls, formatJsonLine } from "../base/log.ts";
import type { WallTime } from "../base/time.ts";
import type { Method, NoParams, Params, Result } from "./methods.ts";
import { methods, none } from "./methods.ts";

/** The version of requests, answers and what `knockctl --json` prints. That of Sesame 0.1 was not named. */
export const formatVersion = 2;

/** What the client wants. */
export type Request = MethodRequest | Asked<"watch", NoParams>;

/** A request that is answered once. */
export type MethodRequest<M extends Method = Method> = {
  readonly [K in M]: Asked<K, Params<K>>;
}[M];

interface Asked<M, P> {
  /** The client's own number, which every line of the answer repeats. */
  readonly id: number;
  readonly method: M;
  readonly params: P;
  /** The program that asks for an administrator, such as a web page: for the log. */
  readonly by?: string;
}

/**
 * Why there is no result. Codes are those of `KnockError`, and three of the protocol's own:
 * - `LIMIT`: too much, too long or too slow
 * - `DENIED`: this user may not ask
 * - `INTERNAL`: a mistake of the daemon's
 */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly hints: readonly string[];
}

/** A request that makes no sense; `id` is null if even that could not be read. */
export interface BadRequest {
  readonly id: number | null;
  readonly error: WireError;
}

/** One line from the daemon. `id` is null if it answers no request in particular. */
export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number | null; readonly error: WireError }
  | { readonly id: number; readonly event: LoggedEntry }
  | { readonly id: number; readonly dropped: number };

/** A log entry as base/log.ts writes it in JSON; details are members of their own. */
export interface LoggedEntry {
  readonly time: string;
  readonly level: string;
  readonly event: string;
  readonly message: string;
  readonly [detail: string]: unknown;
}

/** Any value as JSON, addresses as text. One line, without its end, that no terminal obeys. */
export function encode(value: unknown): string {
  const json = JSON.stringify(value, (_, part) =>
    part instanceof Address ? part.toString() : part,
  );
  return escapeControls(json);
}

export function formatRequest({ id, method, by, params }: Request): string {
  return encode({ id, method, ...(by !== undefined && { by }), ...params });
}

export function formatResult(id: number, result: unknown): string {
  return encode({ id, version: formatVersion, result });
}

export function formatError(id: number | null, error: WireError): string {
  return encode({ id, version: formatVersion, error });
}

export function formatEvent(id: number, entry: Entry, wall: WallTime): string {
  return `{"id":${id},"event":${formatJsonLine(entry, wall)}}`;
}

/** `count`: events that were dropped because the client did not read them in time. */
export function formatDropped(id: number, count: number): string {
  return encode({ id, dropped: count });
}

/** What was thrown, as the client is told. */
export function toWire(thrown: unknown): WireError {
  const { code, hints } = thrown instanceof KnockError ? thrown : { code: "INTERNAL", hints: [] };
  return { code, message: reason(thrown), hints };
}

/** Reads one line of a client, whatever is in it. */
export function parseRequest(line: Uint8Array): Request | BadRequest {
  const json = parseJson(line);
  if (json === undefined) return bad(null, "the request is not a line of JSON in UTF-8");
  if (!isObject(json)) return bad(null, "the request is not an object");
  const { id, method, by, ...given } = json;
  if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 0) {
    return bad(null, 'expected "id": a whole number from 0 on');
  }
  if (typeof method !== "string" || !isMethod(method)) {
    const written = typeof method === "string" ? `"${method.slice(0, 50)}"` : "of this kind";
    const known = [...Object.keys(methods), "watch"].join(", ");
    return bad(id, `there is no method ${written}`, `methods are ${known}`);
  }
  if (by !== undefined && (typeof by !== "string" || !/^[\w-]{1,32}$/.test(by))) {
    return bad(id, `${method}: "by": expected a name of at most 32 letters, digits, - and _`);
  }
  const schema = method === "watch" ? none : methods[method].params;
  const { success, output, issues } = v.safeParse(schema, given);
  if (!success) return bad(id, `${method}: ${describeIssue(issues[0])}`);
  return { id, method, params: output, ...(by !== undefined && { by }) } as Request;
}

/** Reads one line of the daemon. Throws SYSTEM if it is none. */
export function parseAnswer(line: Uint8Array): Answer {
  const { success, output } = v.safeParse(answer, parseJson(line));
  if (!success) throw new KnockError("SYSTEM", "knockd answered something that is no answer");
  return output;
}

/** The result of a method, checked. Throws SYSTEM if it is none. */
export function parseResult<M extends Method>(method: M, result: unknown): Result<M> {
  const checked = v.safeParse(
    methods[method].result as v.GenericSchema<unknown, Result<M>>,
    result,
  );
  if (checked.success) return checked.output;
  const message = `knockd answered "${method}" with something else: ${describeIssue(checked.issues[0])}`;
  const hints = ["is it of another version than knockctl?"];
  throw new KnockError("SYSTEM", message, { hints });
}

const id = v.pipe(v.number(), v.safeInteger());
const wireError: v.GenericSchema<unknown, WireError> = v.object({
  code: v.string(),
  message: v.string(),
  hints: v.array(v.string()),
});
const logged: v.GenericSchema<unknown, LoggedEntry> = v.looseObject({
  time: v.string(),
  level: v.string(),
  event: v.string(),
  message: v.string(),
});
const answer: v.GenericSchema<unknown, Answer> = v.union([
  v.object({ id: v.nullable(id), error: wireError }),
  v.object({ id, event: logged }),
  v.object({ id, dropped: v.number() }),
  v.object({ id, result: v.unknown() }),
]);

function bad(id: number | null, message: string, ...hints: string[]): BadRequest {
  return { id, error: { code: "USAGE", message, hints } };
}

function isMethod(text: string): text is Method | "watch" {
  return text === "watch" || Object.hasOwn(methods, text);
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

/** Returns undefined if the bytes are not JSON: no JSON text means that. */
function parseJson(line: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line));
  } catch {
    return undefined; // Not UTF-8, or not JSON: the callers say which.
  }
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const where = v.getDotPath(issue);
  const isKey = issue.type === "strict_object" || issue.type === "object";
  if (where === null) return issue.message;
  if (isKey && issue.expected === "never") return `"${where.slice(0, 50)}" is not known here`;
  if (isKey && issue.received === "undefined") return `"${where}" is missing`;
  return `"${where}": ${issue.message}`;
}
