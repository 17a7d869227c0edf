// Longer than other files: all that a daemon asks of knocks with a key.
import { Authenticator, lossLife } from "../../auth/authenticator.ts";
import { FwknopAuthenticator } from "../../auth/fwknop.ts";
import { humanDuration } from "../../base/duration.ts";
import { KnockError } from "../../base/errors.ts";
import type { StatusProblem } from "../../base/status-problem.ts";
import type { WallTime } from "../../base/time.ts";
import { wallTime } from "../../base/time.ts";
import type { Ring } from "../../capture/ring.ts";
import type { Sink } from "../../capture/source.ts";
import type { Config } from "../../config/config.ts";
import type { Device } from "../../config/users.ts";
import { keyIdsOf } from "../../config/users.ts";
import type { Params, Result } from "../../control/methods.ts";
import type { KeyId } from "../../knock/keys.ts";
import { knockTime } from "../../knock/packet.ts";
import type { Disk } from "../../system/disk.ts";
import type { ActiveFwknopKey, ActiveKey, KeysInForce } from "../active-key.ts";
import type { RecoveredKnocks } from "../state/knock-journal.ts";
import { KnockJournal } from "../state/knock-journal.ts";
import type { FwknopKeyWindow, KeyWindow } from "../state/knock-journal-lines.ts";
import { ClockCheck } from "./clock-check.ts";
import { KeyWatch } from "./key-watch.ts";
import type { KnockCounters } from "./knock-counters.ts";
import type { KnockPipelineParts } from "./knock-pipeline.ts";
import { KnockPipeline } from "./knock-pipeline.ts";
import type { HeardPacket } from "./packet-use.ts";

/** A window without a key is forgotten when its newest time is this old: milliseconds. */
const windowLife = 30 * 86_400_000;

/** Those of fwknop are longer than knocks with a key. */
export type LongestPackets = "keys" | "fwknop";

export interface KeyKnocksParts
  extends Omit<
    KnockPipelineParts<ActiveKey>,
    "openSource" | "authenticator" | "fwknop" | "watch" | "journal"
  > {
  /** Opens a ring on these interfaces, or on all, for the longest packets. Throws CAPTURE. */
  readonly openRing: (
    interfaces: readonly string[] | undefined,
    sink: Sink,
    longest: LongestPackets,
  ) => Ring;
  /** Where accepted times are kept; `undefined` in a dry run. */
  readonly file: { readonly path: string; readonly disk: Disk } | undefined;
  /** Those of the users file in force, disabled ones, too. */
  readonly devices: () => Iterable<Device>;
}

/** Knocks with a key: what they need of the daemon, and the configuration that counts for them. */
export class KeyKnocks {
  readonly counters: KnockCounters;
  readonly #parts: KeyKnocksParts;
  readonly #knocks: KnockPipeline<ActiveKey>;
  readonly #authenticator: Authenticator<ActiveKey>;
  readonly #fwknop: FwknopAuthenticator<ActiveFwknopKey>;
  readonly #watch: KeyWatch;
  readonly #clockCheck: ClockCheck;
  #ring: Ring | undefined;
  #interfaces: readonly string[] | undefined;
  #journal: KnockJournal | undefined;
  /** Resolves when the journal is read: no packet is taken before. */
  #opened: Promise<void> | undefined;
  #isStopped = false;
  #ports: readonly number[] = [];
  #longest: LongestPackets = "keys";

  constructor({ options }: Pick<Config, "options">, parts: KeyKnocksParts) {
    this.#parts = parts;
    this.counters = parts.counters;
    this.#interfaces = options.interfaces;
    this.#authenticator = new Authenticator(options.freshness, (wall) =>
      this.#clockCheck.look(wall),
    );
    this.#clockCheck = new ClockCheck(this.#authenticator, parts.log);
    this.#fwknop = new FwknopAuthenticator(options.freshness);
    this.#watch = new KeyWatch({
      find: (name) => Array.from(parts.devices()).find((device) => device.name === name),
      authenticator: this.#authenticator,
      clock: parts.clock,
    });
    const { refuseWithoutJournal, isOurs, isLocalSource, onlyIpv4, clock, log } = parts;
    this.#knocks = new KnockPipeline({
      openSource: (sink) => {
        this.#ring = parts.openRing(this.#interfaces, sink, this.#longest);
        return this.#ring;
      },
      authenticator: this.#authenticator,
      fwknop: this.#fwknop,
      watch: this.#watch,
      journal: () => this.#journal,
      permit: parts.permit,
      open: parts.open,
      uses: parts.uses,
      ...{ refuseWithoutJournal, isOurs, isLocalSource, onlyIpv4, clock, log },
      rateLimiter: parts.rateLimiter,
      counters: this.counters,
      onInternalError: parts.onInternalError,
    });
  }

  /** Puts these keys in force. Throws CAPTURE. */
  async use(
    { options }: Pick<Config, "options">,
    { keys, fwknopKeys }: KeysInForce,
  ): Promise<void> {
    this.#authenticator.setKeys(keys, options.freshness);
    this.#fwknop.setKeys(fwknopKeys, options.freshness);
    const keyPorts = keys.length > 0 ? options.knockPorts : [];
    const fwknopPorts = fwknopKeys.length > 0 ? options.fwknopPorts : [];
    const isWanted = keyPorts.length + fwknopPorts.length > 0;
    if (isWanted) this.#opened ??= this.#openJournal();
    await this.#opened;
    if (this.#isStopped) return;
    this.#ports = [...keyPorts, ...fwknopPorts];
    const longest = fwknopPorts.length > 0 ? "fwknop" : "keys";
    // A ring with frames of another size takes its place.
    if (longest !== this.#longest) this.#knocks.close();
    this.#longest = longest;
    this.#knocks.watch({ keys: new Set(keyPorts), fwknop: new Set(fwknopPorts) });
    if (!isWanted) this.#ring = undefined;
  }

  /** As those of `Ring`. */
  listen(interfaces: readonly string[] | undefined): void {
    this.#interfaces = interfaces;
    this.#ring?.listen(interfaces);
  }

  interfacesChanged(): void {
    this.#ring?.interfacesChanged();
  }

  /** How many keys there are, by what they are good for now. */
  countKeys(): Readonly<Record<"live" | "disabled" | "expired", number>> {
    const counts = { live: 0, disabled: 0, expired: 0 };
    const wall = this.#parts.clock.wall();
    for (const device of this.#parts.devices()) {
      const { disabled, expires } = device;
      const isExpired = expires !== undefined && expires <= wall;
      const state = disabled ? "disabled" : isExpired ? "expired" : "live";
      counts[state] += keyIdsOf(device).length;
    }
    return counts;
  }

  /** Returns when the next live device expires; `undefined` if none does. */
  nextExpiry(): WallTime | undefined {
    const wall = this.#parts.clock.wall();
    let next: WallTime | undefined;
    for (const { disabled, expires } of this.#parts.devices()) {
      if (disabled || expires === undefined || expires <= wall) continue;
      if (next === undefined || expires < next) next = expires;
    }
    return next;
  }

  /** Returns what is known of each key of the users file in force. */
  report(): Result<"keys"> {
    return Array.from(this.#parts.devices(), (device) =>
      keyIdsOf(device).map((id) => {
        const { last, refusals = [] } = this.counters.activity(id) ?? {};
        const lastKnock = last && {
          ...{ time: new Date(last.wall), source: last.source },
          offsetMs: Math.round(last.offset),
        };
        return {
          user: device.name,
          id,
          ...(lastKnock && { lastKnock }),
          refusals: Object.fromEntries(refusals),
        };
      }),
    ).flat();
  }

  /** Begins or ends the watch of a device. Throws USAGE. */
  watchUser(params: Params<"watchUser">): Result<"watchUser"> {
    const { user } = params;
    const ports = this.#ports;
    if ("end" in params) {
      this.#watch.end(user);
      return { remainingMs: 0, ports };
    }
    if (ports.length === 0) {
      const hints = ["set KnockPort, and enable a device in the users file"];
      throw new KnockError("USAGE", "knockd captures no knocks by key", { hints });
    }
    this.#watch.begin(user, params.forMs);
    return { remainingMs: params.forMs, ports };
  }

  /** Takes note of a packet that another gateway of the fleet accepted: it is used here, too. Waits for no disk. */
  heardUse(id: KeyId, use: HeardPacket): void {
    const isKnown = Array.from(this.#parts.devices()).some((one) => keyIdsOf(one).includes(id));
    const freshness = this.#authenticator.freshness;
    // What is not fresh opens nothing, whatever another gateway says.
    const age = Math.abs(this.#parts.clock.wall() - wallTime(use.milliseconds));
    if (!isKnown || age > 2 * freshness) return;
    if (use.kind === "knock") {
      const { time } = use;
      this.#authenticator.restore([[id, { floor: knockTime(0), times: [time] }]]);
      this.#journal?.record(id, time);
    } else {
      const { digest, milliseconds } = use;
      const accepted = [[digest, milliseconds / 1000]] as const;
      this.#fwknop.restore([[id, { floor: 0, accepted, networks: [] }]]);
      this.#journal?.recordFwknop(id, { digest, time: wallTime(milliseconds) });
    }
  }

  /** Packets that were lost, since the ring was full. */
  get dropped(): number {
    return this.#ring?.counters().dropped ?? 0;
  }

  get problems(): readonly StatusProblem[] {
    const problems: StatusProblem[] = [];
    const trouble = this.#journal?.trouble;
    if (trouble !== undefined) problems.push({ code: "knock-journal", message: trouble });
    return [...problems, ...this.#clockCheck.problems(this.#parts.clock.wall())];
  }

  /** Captures nothing any more. */
  stop(): void {
    this.#isStopped = true;
    this.#knocks.close();
    this.#ring = undefined;
  }

  async close(): Promise<void> {
    await this.#journal?.close();
  }

  async #openJournal(): Promise<void> {
    const { file, clock, log } = this.#parts;
    if (file === undefined) return;
    const windows = () => this.#keptWindows();
    const fwknopWindows = () => this.#keptFwknopWindows();
    const journal = new KnockJournal({ ...file, clock, log, windows, fwknopWindows });
    this.#journal = journal;
    await journal.open((recovered) => this.#recover(file.path, recovered));
  }

  #recover(path: string, { windows, fwknopWindows, lost }: RecoveredKnocks): void {
    const { clock, log } = this.#parts;
    this.#authenticator.restore(windows);
    this.#fwknop.restore(fwknopWindows);
    if (lost === undefined) return;
    const devices = [...this.#parts.devices()];
    const ids = devices.flatMap(({ locks }) => locks.map(({ id }) => id));
    const fwknopIds = devices.flatMap(({ fwknop }) => fwknop?.id ?? []);
    this.#authenticator.forgetBefore(lost.start, clock.now(), ids);
    this.#fwknop.forgetBefore(lost.start / 1000, clock.now(), fwknopIds);
    const time = humanDuration(lossLife);
    const text = `warning: knock journal ${path} ${lost.why} are refused for ${time}`;
    log.write({ level: "warning", event: "knock-journal-lost", text });
  }

  *#keptWindows(): Generator<KeyWindow> {
    const isKept = this.#keeping();
    for (const one of this.#authenticator.windows()) {
      const [id, { floor, times }] = one;
      if (isKept(id, (times.at(-1) ?? floor) / 1000)) yield one;
    }
  }

  *#keptFwknopWindows(): Generator<FwknopKeyWindow> {
    const isKept = this.#keeping();
    for (const one of this.#fwknop.windows()) {
      const [id, { floor, accepted }] = one;
      if (isKept(id, Math.max(floor, ...accepted.map(([, time]) => time)) * 1000)) yield one;
    }
  }

  /** Returns whether a window is kept, by its key and its newest time in milliseconds since 1970. */
  #keeping(): (id: KeyId, newest: number) => boolean {
    const known = new Set(Array.from(this.#parts.devices()).flatMap(keyIdsOf));
    const oldest = this.#parts.clock.wall() - windowLife;
    return (id, newest) => known.has(id) || newest >= oldest;
  }
}
