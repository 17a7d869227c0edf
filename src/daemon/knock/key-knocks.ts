import { Authenticator, lossLife } from "../../auth/authenticator.ts";
import { humanDuration } from "../../base/duration.ts";
import { KnockError } from "../../base/errors.ts";
import type { StatusProblem } from "../../base/status-problem.ts";
import type { Ring } from "../../capture/ring.ts";
import type { Sink } from "../../capture/source.ts";
import type { Config } from "../../config/config.ts";
import type { Device } from "../../config/users.ts";
import type { Params, Result } from "../../control/methods.ts";
import type { KeyId } from "../../knock/keys.ts";
import type { Disk } from "../../system/disk.ts";
import type { ActiveKey } from "../active-key.ts";
import type { KeyWindow, RecoveredKnocks } from "../state/knock-journal.ts";
import { KnockJournal } from "../state/knock-journal.ts";
import { KeyWatch } from "./key-watch.ts";
import { KnockCounters } from "./knock-counters.ts";
import type { KnockPipelineParts } from "./knock-pipeline.ts";
import { KnockPipeline } from "./knock-pipeline.ts";

/** A window without a key is forgotten when its newest time is this old: milliseconds. */
const windowLife = 30 * 86_400_000;

export interface KeyKnocksParts
  extends Omit<
    KnockPipelineParts<ActiveKey>,
    "openSource" | "authenticator" | "watch" | "journal" | "counters"
  > {
  /** Opens a ring on these interfaces, or on all. Throws CAPTURE. */
  readonly openRing: (interfaces: readonly string[] | undefined, sink: Sink) => Ring;
  /** Where accepted times are kept; `undefined` in a dry run. */
  readonly file: { readonly path: string; readonly disk: Disk } | undefined;
  /** Those of the users file in force, disabled ones, too. */
  readonly devices: () => Iterable<Device>;
}

/** Knocks with a key: what they need of the daemon, and the configuration that counts for them. */
export class KeyKnocks {
  readonly counters: KnockCounters = new KnockCounters();
  readonly #parts: KeyKnocksParts;
  readonly #knocks: KnockPipeline<ActiveKey>;
  readonly #authenticator: Authenticator<ActiveKey>;
  readonly #watch: KeyWatch;
  #ring: Ring | undefined;
  #interfaces: readonly string[] | undefined;
  #journal: KnockJournal | undefined;
  /** Resolves when the journal is read: no packet is taken before. */
  #opened: Promise<void> | undefined;
  #isStopped = false;
  #ports: readonly number[] = [];

  constructor({ options }: Pick<Config, "options">, parts: KeyKnocksParts) {
    this.#parts = parts;
    this.#interfaces = options.interfaces;
    this.#authenticator = new Authenticator(options.freshness);
    this.#watch = new KeyWatch({
      find: (name) => Array.from(parts.devices()).find((device) => device.name === name),
      authenticator: this.#authenticator,
      clock: parts.clock,
    });
    const { refuseWithoutJournal, isOurs, isLocalSource, onlyIpv4, clock, log } = parts;
    this.#knocks = new KnockPipeline({
      openSource: (sink) => {
        this.#ring = parts.openRing(this.#interfaces, sink);
        return this.#ring;
      },
      authenticator: this.#authenticator,
      watch: this.#watch,
      journal: () => this.#journal,
      permit: parts.permit,
      open: parts.open,
      ...{ refuseWithoutJournal, isOurs, isLocalSource, onlyIpv4, clock, log },
      rateLimiter: parts.rateLimiter,
      counters: this.counters,
      onInternalError: parts.onInternalError,
    });
  }

  /** Puts these keys in force. Throws CAPTURE. */
  async use({ options }: Pick<Config, "options">, keys: readonly ActiveKey[]): Promise<void> {
    this.#authenticator.setKeys(keys, options.freshness);
    const isWanted = keys.length > 0 && options.knockPorts.length > 0;
    if (isWanted) this.#opened ??= this.#openJournal();
    await this.#opened;
    if (this.#isStopped) return;
    this.#ports = isWanted ? options.knockPorts : [];
    this.#knocks.watch(new Set(this.#ports));
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
    for (const { disabled, expires, locks } of this.#parts.devices()) {
      const isExpired = expires !== undefined && expires <= wall;
      counts[disabled ? "disabled" : isExpired ? "expired" : "live"] += locks.length;
    }
    return counts;
  }

  /** Returns what is known of each key of the users file in force. */
  report(): Result<"keys"> {
    return Array.from(this.#parts.devices(), ({ name: user, locks }) =>
      locks.map(({ id }) => {
        const { last, refusals = [] } = this.counters.activity(id) ?? {};
        const lastKnock = last && {
          ...{ time: new Date(last.wall), source: last.source },
          offsetMs: Math.round(last.offset),
        };
        return {
          user,
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

  /** Packets that were lost, since the ring was full. */
  get dropped(): number {
    return this.#ring?.counters().dropped ?? 0;
  }

  get problems(): readonly StatusProblem[] {
    const problems: StatusProblem[] = [];
    const trouble = this.#journal?.trouble;
    if (trouble !== undefined) problems.push({ code: "knock-journal", message: trouble });
    if (this.#authenticator.countAhead(this.#parts.clock.wall()) >= 2) {
      const message = "the clock went back, or was ahead: several keys knocked at later times";
      problems.push({ code: "clock", message, hints: ["check the time service: chrony, NTP"] });
    }
    return problems;
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
    const journal = new KnockJournal({ ...file, clock, log, windows });
    this.#journal = journal;
    await journal.open((recovered) => this.#recover(file.path, recovered));
  }

  #recover(path: string, { windows, lost }: RecoveredKnocks): void {
    const { clock, log } = this.#parts;
    this.#authenticator.restore(windows);
    if (lost === undefined) return;
    this.#authenticator.forgetBefore(lost.start, clock.now(), this.#knownIds());
    const time = humanDuration(lossLife);
    const text = `warning: knock journal ${path} ${lost.why} are refused for ${time}`;
    log.write({ level: "warning", event: "knock-journal-lost", text });
  }

  /** Those of all devices, disabled ones, too. */
  #knownIds(): KeyId[] {
    const locks = Array.from(this.#parts.devices(), (device) => device.locks).flat();
    return locks.map(({ id }) => id);
  }

  *#keptWindows(): Generator<KeyWindow> {
    const known = new Set(this.#knownIds());
    const oldest = (this.#parts.clock.wall() - windowLife) * 1000;
    for (const one of this.#authenticator.windows()) {
      const [id, { floor, times }] = one;
      if (known.has(id) || (times.at(-1) ?? floor) >= oldest) yield one;
    }
  }
}
