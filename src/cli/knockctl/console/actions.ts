// What a console does for its page: requests of the control socket, and what knockctl does for devices and sequences.
import { createHash } from "node:crypto";
import * as v from "valibot";
import { KnockError } from "../../../base/errors.ts";
import { printable } from "../../../base/text.ts";
import { formatLocalTime } from "../../../base/time.ts";
import { fixedSteps } from "../../../config/config.ts";
import type { ControlClient } from "../../../control/client.ts";
import type { Method, Params, Result } from "../../../control/methods.ts";
import { encode, parseRequest, toWire } from "../../../control/protocol.ts";
import { applyRotation, planRotation } from "../../../setup/rotate.ts";
import { qrRows } from "../../qr.ts";
import { findGatewaysWithOtherUsers } from "../fleet/gateways-with-other-users.ts";
import { linesOf } from "../rotate.ts";
import { describeStrength } from "../strength.ts";
import { applyEnrolment, diffOf, planEnrolment } from "../user/enrolment.ts";
import { applyRemoval } from "../user/files.ts";
import { planRemoval } from "../user/remove.ts";
import type { ActionAnswer } from "./server.ts";

/** The name of the console in the daemon's log. */
export const consoleName = "console";

/** What the page may ask of the daemon as the control socket has it. */
const passedOn = ["open", "extend", "close", "forgive", "reload"] as const satisfies Method[];

type PassedOn = (typeof passedOn)[number];

export interface ActionParts {
  /** Connects to the daemon. Throws SYSTEM. */
  readonly connect: () => Promise<ControlClient>;
  readonly socket: string;
}

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(1000));

/** Fields of the form for a device: those of `knockctl user add`. */
const deviceFields = {
  name: text,
  door: text,
  host: text,
  link: v.exactOptional(text),
  address: v.exactOptional(text),
  groups: v.exactOptional(text),
  expires: v.exactOptional(text),
};

const fileActions = v.variant("action", [
  /** Shows what `add-device` would change. */
  v.strictObject({ action: v.literal("plan-device"), ...deviceFields }),
  /** `digest`: that of the change that was shown, and is to be made. */
  v.strictObject({ action: v.literal("add-device"), digest: text, ...deviceFields }),
  v.strictObject({ action: v.literal("remove-device"), name: text }),
  v.strictObject({
    action: v.literal("rotate"),
    door: text,
    host: text,
    /** How long the old sequence stays valid: milliseconds. */
    keepOldMs: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(400 * 86_400_000)),
  }),
]);

type FileAction = v.InferOutput<typeof fileActions>;
type DeviceAction = Extract<FileAction, { action: "plan-device" | "add-device" }>;

/** Carries out the actions of a page, each once. */
export class ConsoleActions {
  readonly #parts: ActionParts;

  constructor(parts: ActionParts) {
    this.#parts = parts;
  }

  /** Returns what to answer to the body of a request. */
  async run(body: Buffer): Promise<ActionAnswer> {
    try {
      return { status: 200, body: { result: await this.#run(body) } };
    } catch (error) {
      if (!(error instanceof KnockError)) throw error;
      return { status: error.code === "USAGE" ? 400 : 409, body: { error: toWire(error) } };
    }
  }

  async #run(body: Buffer): Promise<unknown> {
    const json = parseObject(body);
    if ("method" in json) return JSON.parse(encode(await this.#ask(body)));
    const { success, output, issues } = v.safeParse(fileActions, json);
    if (success) return await this.#change(output);
    const where = v.getDotPath(issues[0]) ?? "request";
    throw new KnockError("USAGE", `"${where.slice(0, 50)}": ${issues[0].message}`);
  }

  async #ask(body: Buffer): Promise<Result<PassedOn>> {
    const request = parseRequest(body);
    if ("error" in request) throw new KnockError("USAGE", request.error.message);
    const method = passedOn.find((one) => one === request.method);
    if (method === undefined)
      throw new KnockError("USAGE", `the console does not ${request.method}`);
    const daemon = await this.#parts.connect();
    try {
      return await daemon.ask(method, request.params as Params<PassedOn>);
    } finally {
      daemon.close();
    }
  }

  async #change(action: FileAction): Promise<object> {
    const config = await this.#configFile();
    switch (action.action) {
      case "plan-device":
        return await this.#planDevice(config, action);
      case "add-device":
        return await this.#addDevice(config, action);
      case "remove-device":
        return await this.#removeDevice(config, action.name);
      case "rotate":
        return await this.#rotate(config, action);
    }
  }

  async #configFile(): Promise<string> {
    const daemon = await this.#parts.connect();
    try {
      return (await daemon.ask("status", {})).configFile;
    } finally {
      daemon.close();
    }
  }

  async #planDevice(config: string, action: DeviceAction): Promise<object> {
    const enrolment = await planEnrolment(this.#given(config, action), action.name);
    const diff = await diffOf(enrolment);
    return { diff, digest: digest(diff), usersFile: enrolment.users.file };
  }

  async #addDevice(
    config: string,
    action: Extract<DeviceAction, { action: "add-device" }>,
  ): Promise<object> {
    const enrolment = await planEnrolment(this.#given(config, action), action.name);
    if (digest(await diffOf(enrolment)) !== action.digest) {
      throw new KnockError("SYSTEM", `${printable(config)} has been changed meanwhile`);
    }
    const isRunning = await applyEnrolment({
      ...enrolment,
      paths: named(enrolment.paths, "user-add"),
    });
    const { device, key } = enrolment;
    const { text: line, warning, use, page } = device;
    return {
      ...{ name: enrolment.name, door: enrolment.door.name, key: key.id, reloaded: isRunning },
      ...{ line, qr: qrRows(device.qr), warning, use, page },
    };
  }

  async #removeDevice(config: string, name: string): Promise<object> {
    const removal = await planRemoval(this.#given(config, {}), name);
    const isRunning = await applyRemoval({
      ...removal,
      paths: named(removal.paths, "user-remove"),
    });
    // Their users files are their own.
    const stillAcceptedAt = isRunning ? await findGatewaysWithOtherUsers(removal.paths) : [];
    return { names: removal.names, reloaded: isRunning, stillAcceptedAt };
  }

  async #rotate(
    config: string,
    { door, host, keepOldMs }: Extract<FileAction, { action: "rotate" }>,
  ): Promise<object> {
    const options = { door, steps: undefined, keepOld: keepOldMs };
    const plan = planRotation(config, this.#parts.socket, options);
    const client = linesOf(plan, { given: new Map([["host", host]]) });
    const isRunning = await applyRotation({ ...plan, paths: named(plan.paths, "rotate") });
    const { strength, old, warnings } = plan;
    return {
      ...{ door, reloaded: isRunning, warnings },
      strength: describeStrength(strength, fixedSteps(plan.door).length, plan.door.decoys),
      ...(old && { old: { name: old.name, until: formatLocalTime(new Date(old.until)) } }),
      ...(client && {
        lines: { linux: client.linux, profile: client.profile.text, ssh: client.ssh },
      }),
    };
  }

  /** Returns the options that `knockctl` would have got. */
  #given(
    config: string,
    { door, host, link, address, groups, expires }: Partial<DeviceAction>,
  ): { readonly given: ReadonlyMap<string, string> } {
    const { socket } = this.#parts;
    const options = { config, socket, door, host, link, address, groups, expires };
    const found = Object.entries(options).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, value]],
    );
    return { given: new Map(found) };
  }
}

/** Returns paths whose daemon is told that the console asks, and for what: the change itself is a reload to it. */
function named<T extends object>(
  paths: T,
  change: "user-add" | "user-remove" | "rotate",
): T & { readonly by: string } {
  return { ...paths, by: `${consoleName}-${change}` };
}

/** The page returns this instead of a difference, which may be longer than the body of a request. */
function digest(diff: string): string {
  return createHash("sha256").update(diff).digest("base64url");
}

function parseObject(body: Buffer): object {
  let json: unknown;
  try {
    json = JSON.parse(body.toString());
  } catch {
    json = undefined; // Reported below, as any other value is.
  }
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return json;
  throw new KnockError("USAGE", "the request is not a JSON object");
}
