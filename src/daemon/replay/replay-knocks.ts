import { setImmediate } from "node:timers/promises";
import { Authenticator } from "../../auth/authenticator.ts";
import { FwknopAuthenticator } from "../../auth/fwknop.ts";
import type { UnauthenticatedRefusal, WatchedJudgement } from "../../auth/judgement.ts";
import type { Entry } from "../../base/log.ts";
import { MemorySource } from "../../capture/memory.ts";
import type { Frame } from "../../capture/source.ts";
import type { Device } from "../../config/users.ts";
import type { Packet } from "../../decode/packet.ts";
import type { LeaseManager } from "../../grant/lease-manager.ts";
import type { ActiveFwknopKey, ActiveKey } from "../active-key.ts";
import { fwknopKeysOf, keysOf } from "../active-key.ts";
import type { Doors } from "../doors.ts";
import { ownUses } from "../fleet/fleet-uses.ts";
import type { WatchedKnock } from "../knock/key-watch.ts";
import { KnockCounters } from "../knock/knock-counters.ts";
import type { KnockPipelineParts, KnockPorts } from "../knock/knock-pipeline.ts";
import { KnockPipeline } from "../knock/knock-pipeline.ts";
import { permitKnock } from "../knock/permit.ts";
import type { ReplayLog } from "./replay-log.ts";

/** What a configuration and a users file say of knocks by key. */
export interface ReplayKeys {
  readonly devices: readonly Device[];
  /** The UDP ports of their packets. */
  readonly ports: readonly number[];
  /** Those of the packets of fwknop. */
  readonly fwknopPorts: readonly number[];
  /** Milliseconds. */
  readonly freshness: number;
}

export interface ReplayKnocksParts
  extends Pick<KnockPipelineParts<ActiveKey>, "clock" | "isOurs" | "isLocalSource"> {
  readonly keys: ReplayKeys;
  readonly doors: Doors;
  readonly leaseManager: Pick<LeaseManager, "open">;
  readonly log: ReplayLog;
}

/**
 * The daemon's way of a knock by key, in a recording: no packet was used before it begins, and each is judged
 * at the time of its capture. Unlike the daemon it explains each packet.
 */
export class ReplayKnocks {
  readonly #log: ReplayLog;
  readonly #ports: KnockPorts;
  #source: MemorySource | undefined;
  readonly #names: ReadonlyMap<string, string>;
  /** What the last packet without a known key was refused for. */
  #unauthenticated: UnauthenticatedRefusal | undefined;

  constructor({ keys, doors, leaseManager, log, clock, ...host }: ReplayKnocksParts) {
    const { devices, ports, fwknopPorts, freshness } = keys;
    const active = keysOf(devices);
    const find = (name: string) => devices.find((device) => device.name === name);
    this.#log = log;
    this.#ports = { keys: new Set(ports), fwknop: new Set(fwknopPorts) };
    const fwknopKeys = fwknopKeysOf(devices);
    this.#names = new Map([...active, ...fwknopKeys].map(({ lock, who }) => [lock.id, who]));
    const authenticator = new Authenticator<ActiveKey>(freshness);
    authenticator.setKeys(active);
    const fwknop = new FwknopAuthenticator<ActiveFwknopKey>(freshness);
    fwknop.setKeys(fwknopKeys);
    const pipeline = new KnockPipeline<ActiveKey>({
      openSource: (sink) => {
        this.#source = new MemorySource(sink);
        return this.#source;
      },
      authenticator,
      fwknop,
      watch: { explain: (judgement) => this.#explain(judgement) },
      journal: () => undefined,
      refuseWithoutJournal: false,
      permit: (knock, now) => permitKnock(knock, { users: { find }, doors }, now),
      open: async (request) => await leaseManager.open(request),
      ...{ ...host, onlyIpv4: false, clock, log },
      rateLimiter: undefined,
      uses: ownUses,
      counters: new KnockCounters(),
      onInternalError: () => {},
    });
    pipeline.watch(this.#ports);
  }

  /** Returns whether a packet goes to one of the ports of knocks by key. */
  wants({ protocol, port }: Packet): boolean {
    const { keys, fwknop } = this.#ports;
    return protocol === "udp" && (keys.has(port) || fwknop.has(port));
  }

  /** Judges a packet. Resolves when what it opens is in the log. */
  async take(frame: Frame, { source, payloadLength, port }: Packet): Promise<void> {
    this.#unauthenticated = undefined;
    this.#source?.deliverFrame(frame);
    if (this.#unauthenticated !== undefined) {
      const why = this.#ports.fwknop.has(port)
        ? explainFwknop(this.#unauthenticated, payloadLength)
        : explainUnauthenticated(this.#unauthenticated, payloadLength);
      this.#log.write(reportUnauthenticated(source, this.#unauthenticated, why));
      return;
    }
    await setImmediate();
    if (!this.#log.isEmpty) return;
    const text = `${source}: packet is not for this host, ignoring...`;
    this.#log.write({ level: "debug", event: "knock", text, source });
  }

  /** What the daemon counts without a word. */
  #explain(judgement: WatchedJudgement): WatchedKnock | undefined {
    if (judgement.kind === "authentic") return undefined;
    const { check, key } = judgement;
    const who = key && this.#names.get(key.lock.id);
    if (key === undefined || who === undefined) {
      if (judgement.kind === "unauthenticated") this.#unauthenticated = judgement.check;
      return undefined;
    }
    const isSilent = judgement.kind === "unauthenticated" || check === "repeated";
    return isSilent ? { who, key: key.lock.id, check, offset: undefined } : undefined;
  }
}

function reportUnauthenticated(
  source: Entry["source"],
  check: UnauthenticatedRefusal,
  why: string,
): Entry {
  const text = `${source}: knock refused (${check}): ${why}`;
  const entry = { level: "debug", event: "knock", text, detail: { result: check } } as const;
  return { ...entry, ...(source && { source }) };
}

function explainUnauthenticated(check: UnauthenticatedRefusal, length: number): string {
  return check === "form"
    ? `a knock has 144 bytes, or is the STUN request of a browser: this has ${length}`
    : "no key of the users file has this hint within Freshness of the capture: another key, or a clock that is off";
}

function explainFwknop(check: UnauthenticatedRefusal, length: number): string {
  switch (check) {
    case "form":
      return `a packet of fwknop has 100 to 880 characters of base64: this has ${length} bytes`;
    case "budget":
      return "too many packets came at once to try all keys";
    default:
      return "no device that may send from this source has its HMAC key and digest";
  }
}
