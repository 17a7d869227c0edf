// Longer than other files: the whole way of a knock with a key.
import type { Authenticator } from "../../auth/authenticator.ts";
import type { AcceptedFwknop, FwknopAuthenticator, FwknopKey } from "../../auth/fwknop.ts";
import type { HintedKey } from "../../auth/hints.ts";
import type { Carrier, Judgement } from "../../auth/judgement.ts";
import { namesNoAddress } from "../../auth/rights.ts";
import type { Address } from "../../base/address.ts";
import type { Clock } from "../../base/clock.ts";
import { reason } from "../../base/errors.ts";
import type { Entry, Log } from "../../base/log.ts";
import type { Monotonic, WallTime } from "../../base/time.ts";
import type { Frame, Sink, Source } from "../../capture/source.ts";
import { decode } from "../../decode/decode.ts";
import type { IsLocalSource } from "../../decode/martian.ts";
import { isMartian } from "../../decode/martian.ts";
import type { Packet } from "../../decode/packet.ts";
import type { AccessRequest } from "../../grant/lease.ts";
import type { KeyId } from "../../knock/keys.ts";
import type { KnockRequest } from "../../knock/packet.ts";
import type { FleetUses } from "../fleet/fleet-uses.ts";
import type { LogPriority, LogRateLimiter } from "../log/log-rate-limiter.ts";
import type { KnockJournal } from "../state/knock-journal.ts";
import type { KeyWatch } from "./key-watch.ts";
import type { KnockCounters } from "./knock-counters.ts";
import type { ReportedKnock } from "./knock-report.ts";
import { explainRefusal, reportAccepted, reportRefused } from "./knock-report.ts";
import { useOfPacket } from "./packet-use.ts";
import type { KnockPermission, UsedKnock } from "./permit.ts";

/** Accepted packets that wait for the disk. */
const mostWaiting = 1000;

/** A key, and the device whose it is. */
interface OwnedKey {
  readonly who: string;
  readonly lock: { readonly id: KeyId };
}

export type KnownKey = HintedKey & Pick<OwnedKey, "who">;
export type KnownFwknopKey = FwknopKey & Pick<OwnedKey, "who">;

/** The UDP ports of both kinds of packets. */
export interface KnockPorts {
  readonly keys: ReadonlySet<number>;
  readonly fwknop: ReadonlySet<number>;
}

export interface KnockPipelineParts<Key extends KnownKey> {
  /** Opens the source that delivers to `sink`. */
  readonly openSource: (sink: Sink) => Source;
  readonly authenticator: Authenticator<Key>;
  readonly fwknop: FwknopAuthenticator<KnownFwknopKey>;
  readonly watch: Pick<KeyWatch, "explain">;
  /** `undefined` where nothing is to be written. */
  readonly journal: () => KnockJournal | undefined;
  /** Whether a packet whose time cannot be recorded is refused. */
  readonly refuseWithoutJournal: boolean;
  /** The last check, by the configuration of that moment. */
  readonly permit: (knock: UsedKnock, now: WallTime) => KnockPermission;
  /** Opens a door for a packet that came at `time`. */
  readonly open: (request: AccessRequest, time: Monotonic) => Promise<unknown>;
  /** Without a fleet it says that all may open. */
  readonly uses: FleetUses;
  readonly isOurs: (address: Address) => boolean;
  /** As in `isMartian`. */
  readonly isLocalSource: IsLocalSource;
  /** IPv6 packets do not count. */
  readonly onlyIpv4: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** `undefined` means no limit. */
  readonly rateLimiter: LogRateLimiter | undefined;
  readonly counters: KnockCounters;
  /** Called for each packet at which this code made a mistake. */
  readonly onInternalError: () => void;
}

/** An accepted packet on its way to the disk. */
interface AcceptedKnock extends UsedKnock {
  readonly key: OwnedKey;
  readonly request: KnockRequest | AcceptedFwknop;
  readonly time: Monotonic;
  readonly carrier: Carrier;
  readonly offset: number;
}

/**
 * The way of an authenticated knock:
 *
 *     capture → decode → auth → journal → rights → grant
 *
 * Its packets have a source of their own: a flood there takes no room from sequences, and the reverse.
 */
export class KnockPipeline<Key extends KnownKey> {
  readonly #parts: KnockPipelineParts<Key>;
  #source: Source | undefined;
  #ports: KnockPorts = { keys: new Set(), fwknop: new Set() };
  #waiting = 0;

  constructor(parts: KnockPipelineParts<Key>) {
    this.#parts = parts;
  }

  /** The packets go to these ports. Without any, nothing is captured. Throws CAPTURE. */
  watch(ports: KnockPorts): void {
    this.#ports = ports;
    const udp = new Set([...ports.keys, ...ports.fwknop]);
    if (udp.size === 0) {
      this.close();
      return;
    }
    this.#source ??= this.#parts.openSource((frame) => this.#take(frame));
    this.#source.watch({ tcp: new Set(), udp });
  }

  close(): void {
    this.#source?.close();
    this.#source = undefined;
  }

  #take(frame: Frame): void {
    try {
      const packet = decode(frame);
      const isFwknop = packet !== undefined && this.#ports.fwknop.has(packet.port);
      // The source may deliver more than it was asked for.
      const isWatched = isFwknop || packet === undefined || this.#ports.keys.has(packet.port);
      if (!isWatched || (packet !== undefined && packet.protocol !== "udp")) return;
      if (packet === undefined || !this.#isForUs(frame, packet)) {
        this.#parts.counters.count(isFwknop ? "fwknop" : "udp", "form");
        return;
      }
      this.#judge(frame, packet, isFwknop);
    } catch (error) {
      // No packet may end the daemon, whatever the fault.
      this.#reportInternalError(error);
    }
  }

  #isForUs({ isLoopback, interfaceIndex }: Frame, { source, destination }: Packet): boolean {
    const { isOurs, isLocalSource, onlyIpv4 } = this.#parts;
    if (onlyIpv4 && source.family === 6) return false;
    const packet = { source, destination };
    if (!isLoopback && isMartian(packet, interfaceIndex, isLocalSource)) return false;
    return isOurs(destination);
  }

  #judge({ data }: Frame, packet: Packet, isFwknop: boolean): void {
    const { payloadStart, payloadLength, source, port, time } = packet;
    const { authenticator, fwknop, clock } = this.#parts;
    const payload = new Uint8Array(data.buffer, data.byteOffset + payloadStart, payloadLength);
    const instant = { now: clock.now(), wall: clock.wall() };
    const judge = isFwknop ? fwknop : authenticator;
    const judgement = judge.judge(payload, source, instant);
    if (judgement.kind === "authentic") {
      void this.#accept({ ...judgement, source, port, time });
      return;
    }
    this.#countRefused(judgement, source, instant.wall);
    const watched = this.#parts.watch.explain(judgement, payload, instant, source);
    if (watched === undefined) return;
    const knock = { ...watched, source, carrier: judgement.carrier };
    this.#writeRefused(knock, watched.check, instant.wall);
  }

  #countRefused(
    judgement: Exclude<Judgement<OwnedKey, unknown>, { readonly kind: "authentic" }>,
    source: Address,
    wall: WallTime,
  ): void {
    const { counters } = this.#parts;
    const { carrier, check, key } = judgement;
    counters.count(carrier, check);
    if (key !== undefined) counters.countRefusal(key.lock.id, check);
    if (judgement.kind === "unauthenticated" || check === "repeated") return;
    const { offset } = judgement;
    const knock = { source, carrier, who: judgement.key.who, key: judgement.key.lock.id, offset };
    this.#writeRefused(knock, check, wall);
  }

  #writeRefused(knock: ReportedKnock, check: string, wall: WallTime): void {
    const explain = () => explainRefusal(check, knock);
    this.#write("low", wall, () => reportRefused(knock, check, explain()));
  }

  /** The time of an accepted packet is on the disk before anything opens. */
  async #accept(knock: AcceptedKnock): Promise<void> {
    try {
      const { authenticator, uses } = this.#parts;
      const { key, request } = knock;
      const use = useOfPacket(key.lock.id, request, authenticator.freshness);
      // A copy with an address opens elsewhere what is open there by the lease anyway.
      const needsClaim = namesNoAddress(request);
      const claim = needsClaim ? uses.claim(use) : "open";
      const [isRecorded, verdict] = await Promise.all([this.#record(knock), claim]);
      if (!isRecorded) this.#refuse(knock, "journal", explainRefusal("journal", knock));
      else if (verdict !== "open") this.#refuse(knock, verdict, explainRefusal(verdict, knock));
      const opened = isRecorded && verdict === "open" ? this.#open(knock) : undefined;
      if (!needsClaim) uses.tell(use);
      await opened;
    } catch (error) {
      this.#reportInternalError(error);
    }
  }

  async #record({ key, request }: AcceptedKnock): Promise<boolean> {
    const { refuseWithoutJournal, counters, clock } = this.#parts;
    const journal = this.#parts.journal();
    if (journal === undefined) return true;
    if ("door" in request) journal.record(key.lock.id, request.time);
    else journal.recordFwknop(key.lock.id, request);
    if (this.#waiting >= mostWaiting) return false;
    this.#waiting++;
    const begin = clock.now();
    const isDurable = await journal.commit();
    this.#waiting--;
    counters.commits.observe((clock.now() - begin) / 1000);
    return isDurable || !refuseWithoutJournal;
  }

  async #open(knock: AcceptedKnock): Promise<void> {
    const { permit, open, counters, clock, log } = this.#parts;
    const wall = clock.wall();
    const permission = permit(knock, wall);
    if (permission.kind === "refused") {
      return this.#refuse(knock, permission.check, permission.why, permission.door);
    }
    const { carrier, key, offset, source } = knock;
    counters.count(carrier, "accepted");
    counters.noteAccepted(key.lock.id, { wall, source, offset });
    const { door, request } = permission;
    const grant = {
      ...{ door, address: request.access.source },
      ...{ asked: knock.request.seconds, granted: request.length },
    };
    log.write(() => reportAccepted(reported(knock), grant), wall);
    await open(request, knock.time);
  }

  #refuse(knock: AcceptedKnock, check: string, why: string, door?: string): void {
    const { counters, clock } = this.#parts;
    counters.count(knock.carrier, check);
    counters.countRefusal(knock.key.lock.id, check);
    this.#write("high", clock.wall(), () => reportRefused(reported(knock), check, why, door));
  }

  #reportInternalError(error: unknown): void {
    this.#parts.onInternalError();
    this.#write("high", this.#parts.clock.wall(), () => {
      const text = `internal error at a knock packet: ${reason(error)}`;
      return { level: "error", event: "internal-error", text };
    });
  }

  /** A flood costs no texts: a line that is too many is not made. */
  #write(priority: LogPriority, wall: WallTime, make: () => Entry): void {
    const { log, rateLimiter } = this.#parts;
    const admitted = rateLimiter === undefined ? wall : rateLimiter.admits(priority);
    if (admitted !== undefined) log.write(make, admitted);
  }
}

function reported(knock: AcceptedKnock): ReportedKnock {
  const { source, carrier, key, offset } = knock;
  return { source, carrier, who: key.who, key: key.lock.id, offset };
}
