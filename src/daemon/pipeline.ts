// Longer than other files: the whole way of a packet, from the wire to an open door.
import { ownerName } from "../base/access-owner.ts";
import type { Clock } from "../base/clock.ts";
import { reason } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Monotonic, WallTime } from "../base/time.ts";
import { later, never } from "../base/time.ts";
import type { Frame, Sink, Source } from "../capture/source.ts";
import { decode } from "../decode/decode.ts";
import type { IsLocalSource } from "../decode/martian.ts";
import { isMartian } from "../decode/martian.ts";
import type { Packet } from "../decode/packet.ts";
import { whyRejected } from "../decode/rejection.ts";
import type { Access } from "../firewall/firewall.ts";
import type { AccessRequest } from "../grant/lease.ts";
import type { LeaseManager } from "../grant/lease-manager.ts";
import type { Door } from "../match/door.ts";
import type { Matcher } from "../match/matcher.ts";
import type { Verdict } from "../match/verdict.ts";
import { requestAccess } from "./access-request.ts";
import type { Doors, UsedLine } from "./doors.ts";
import type { FleetUses, UseVerdict } from "./fleet/fleet-uses.ts";
import { useOfLine } from "./fleet/line-use.ts";
import type { LogPriority, LogRateLimiter } from "./log/log-rate-limiter.ts";
import { levelOf, priorityOf, reportPacket, reportVerdict } from "./log/report.ts";
import type { PacketCounters } from "./metrics/packet-counters.ts";
import type { TrialKnocks } from "./protection/trial-knocks.ts";
import type { Rehearsal } from "./rehearsal.ts";
import { reportRehearsed } from "./rehearsal.ts";

export interface PipelineParts<S extends Source> {
  /** Opens the source that delivers to `sink`. */
  readonly openSource: (sink: Sink) => S;
  readonly matcher: Matcher;
  readonly leaseManager: LeaseManager;
  readonly log: Log;
  readonly clock: Clock;
  /** Limits the lines of unauthenticated sources; `undefined` means no limit. */
  readonly rateLimiter: LogRateLimiter | undefined;
  readonly counters: PacketCounters;
  /** Absent where nothing is protected. */
  readonly trialKnocks?: TrialKnocks;
  /** Whose knocks open nothing for the moment. Absent: no rehearsal ever takes place. */
  readonly rehearsal?: Pick<Rehearsal, "covers">;
  /** Absent: all that is good once is this daemon's own. */
  readonly uses?: FleetUses;
  /** As in `isMartian`. */
  readonly isLocalSource: IsLocalSource;
  /** IPv6 packets do not count. */
  readonly onlyIpv4: boolean;
  /** Called for every packet. */
  readonly onPacket?: () => void;
  /** Called when so many attempts expire that a flood has left them. */
  readonly onFloodExpiry?: () => void;
  /** Called when the doors that are watched may have changed. */
  readonly onWatch?: () => void;
  /** Every packet is reported, and why it made no difference. */
  readonly debug: boolean;
}

/** A knock whose sequence is being marked as used. */
interface MarkedRequest {
  readonly request: AccessRequest;
  readonly line: UsedLine | undefined;
  /** When the knock was complete. */
  readonly time: Monotonic;
  readonly doors: Doors;
  readonly marked: Promise<boolean>;
}

/** Attempts that expire in one batch, as many as packets come in one: packets and closings get their turn between. */
const expiryBatch = 4096;

/** More attempts than clients leave, in one batch. */
const floodExpiry = 1000;

/**
 * The way of a packet, from the wire to an open door:
 *
 *     capture → decode → match → grant → firewall
 *
 * A source hands over a frame; `decode` makes a packet of it, or drops it; the matcher says what it
 * means for whom; the lease manager opens what must be opened, by the firewall, and closes it in time.
 */
export class Pipeline<S extends Source> {
  readonly source: S;
  readonly #parts: PipelineParts<S>;
  #doors: Doors | undefined;
  #cancelWake: (() => void) | undefined;
  #wakesAt = never;

  constructor(parts: PipelineParts<S>) {
    this.#parts = parts;
    this.source = parts.openSource((frame) => this.#take(frame));
  }

  /** Watches these doors as they are now. Before the first call the pipeline ignores all packets. */
  watch(doors: Doors): void {
    this.#doors = doors;
    this.#parts.matcher.setDoors(doors.matchable, doors.decoys);
    this.source.watch(doors.ports);
    this.#parts.onWatch?.();
  }

  close(): void {
    this.#cancelWake?.();
    this.#parts.rateLimiter?.close();
    this.source.close();
  }

  #take(frame: Frame): void {
    try {
      const packet = this.#read(frame);
      if (packet === undefined) return;
      this.#judge(packet);
      this.#wakeForExpiry();
    } catch (error) {
      // No packet may end the daemon, whatever the fault.
      this.#reportInternalError(error);
    }
  }

  /** Returns undefined, and counts why, if no knock can be in this frame. */
  #read(frame: Frame): Packet | undefined {
    const { counters, isLocalSource, onlyIpv4 } = this.#parts;
    const packet = decode(frame);
    if (packet === undefined && whyRejected(frame) === "martian") return counters.countMartian();
    if (packet === undefined || (onlyIpv4 && packet.source.family === 6)) {
      return counters.countUnreadable();
    }
    const { isLoopback, interfaceIndex } = frame;
    if (!isLoopback && isMartian(packet, interfaceIndex, isLocalSource)) {
      return counters.countMartian();
    }
    return packet;
  }

  #judge(packet: Packet): void {
    const { matcher, counters, debug, rehearsal } = this.#parts;
    if (debug) this.#reportPacket(packet);
    this.#parts.trialKnocks?.countPacket(packet);
    this.#parts.onPacket?.();
    const verdicts = matcher.hit(packet);
    counters.countPacket(verdicts);
    const explained = debug ? [...verdicts, ...matcher.explain(packet, verdicts)] : verdicts;
    for (const verdict of explained) {
      this.#report(verdict);
      if (verdict.kind !== "open") continue;
      if (rehearsal?.covers(packet.source)) this.#reportRehearsed(verdict.door, packet);
      else this.#open(verdict.door, packet);
    }
  }

  #open(door: Door, packet: Packet): void {
    const live = this.#doors?.find(door);
    if (this.#doors === undefined || live === undefined) return;
    const doors = this.#doors;
    const { changed, marked, answered, line } = doors.use(door);
    if (changed) this.watch(doors);
    const onMistake = (error: unknown) => this.#reportInternalError(error);
    answered
      ?.then((hasChanged) => {
        if (hasChanged && this.#doors === doors) this.watch(doors);
      })
      .catch(onMistake);
    const { source, port, protocol } = packet;
    const request = requestAccess(live, source, { port, protocol });
    if (request === undefined) this.#parts.counters.countOpening(door.name, "nothing-to-do");
    else if (marked === undefined) void this.#requestLease(request, packet.time);
    else this.#requestMarked({ request, line, time: packet.time, doors, marked }).catch(onMistake);
  }

  /** On the disk before anything opens: a crash must not leave a one-time sequence good for another time. */
  async #requestMarked({ request, line, time, doors, marked }: MarkedRequest): Promise<void> {
    const { leaseManager, uses } = this.#parts;
    // A later knock of this source must not overtake it meanwhile.
    const place = leaseManager.reserve(request);
    let verdict: UseVerdict | undefined;
    try {
      if (!(await marked) && this.#doors === doors) this.watch(doors);
      const { owner } = request.access;
      const use = line && uses?.sharesDoor(ownerName(owner)) ? useOfLine(owner, line) : undefined;
      verdict = use === undefined ? "open" : ((await uses?.claim(use)) ?? "open");
    } finally {
      // Also after a mistake: later knocks of this source wait for this place.
      if (verdict !== "open") leaseManager.release({ ...request, place });
    }
    if (verdict === "open") return await this.#requestLease({ ...request, place }, time);
    this.#refuse(request.access, verdict);
  }

  /** The line stays used: its owner has the next one. */
  #refuse({ owner, source }: Access, verdict: Exclude<UseVerdict, "open">): void {
    const { log, counters } = this.#parts;
    const door = ownerName(owner);
    counters.countOpening(door, "failed");
    const why =
      verdict === "claimed"
        ? "another gateway of the fleet has used this sequence"
        : "the store of the fleet does not answer, and OnFleetLoss is refuse: this sequence is spent";
    const text = `${source}: ${door}: not opened: ${why}`;
    log.write({ level: "warning", event: verdict, text, door, source });
  }

  /** `time`: when the knock was complete. */
  async #requestLease(request: AccessRequest, time: Monotonic): Promise<void> {
    const { leaseManager, counters, trialKnocks } = this.#parts;
    const { owner, source } = request.access;
    const door = ownerName(owner);
    try {
      const isOpen = await leaseManager.open(request);
      counters.countOpening(door, isOpen ? "opened" : "failed");
      if (isOpen) trialKnocks?.recordOpening(owner, source, time);
    } catch (error) {
      counters.countOpening(door, "failed");
      this.#reportInternalError(error);
    }
  }

  #wakeForExpiry(): void {
    const { matcher, clock } = this.#parts;
    const next = matcher.nextExpiry ?? never;
    // One that is too early finds nothing and sets the right one.
    if (next >= this.#wakesAt || next === never) return;
    this.#cancelWake?.();
    this.#wakesAt = next;
    this.#cancelWake = clock.wakeAt(next, () => this.#expire());
  }

  #expire(): void {
    const { matcher, clock, counters } = this.#parts;
    this.#wakesAt = never;
    const expired = matcher.expire(clock.now(), expiryBatch);
    if (expired.length >= floodExpiry) this.#parts.onFloodExpiry?.();
    for (const verdict of expired) {
      counters.countFailure(verdict);
      this.#report(verdict);
    }
    this.#wakeForExpiry();
  }

  /** A flood costs no texts: a line that no output wants, or that is too many, is not made. */
  #report(verdict: Verdict): void {
    const { log } = this.#parts;
    if (!log.isEnabled(levelOf(verdict))) return;
    const wall = this.#admit(priorityOf(verdict));
    if (wall === undefined) return;
    log.write(() => reportVerdict(verdict), wall);
  }

  /** The date of a line that may be written, or undefined if it is too many. */
  #admit(priority: LogPriority | undefined): WallTime | undefined {
    const { clock, rateLimiter } = this.#parts;
    if (priority === undefined || rateLimiter === undefined) return clock.wall();
    return rateLimiter.admits(priority);
  }

  #reportPacket(packet: Packet): void {
    const { log, clock } = this.#parts;
    const wall = this.#admit("low");
    if (wall === undefined) return;
    log.write(reportPacket(packet, later(wall, packet.time - clock.now())), wall);
  }

  #reportRehearsed({ name }: Door, { source }: Packet): void {
    const { log, counters } = this.#parts;
    counters.countOpening(name, "nothing-to-do");
    log.write(reportRehearsed(name, source));
  }

  #reportInternalError(error: unknown): void {
    const { log, counters } = this.#parts;
    counters.internalErrors++;
    const wall = this.#admit("high");
    if (wall === undefined) return;
    const text = `internal error at a packet: ${reason(error)}`;
    log.write({ level: "error", event: "internal-error", text }, wall);
  }
}
