import type { Clock } from "../base/clock.ts";
import type { PortSets } from "../base/port.ts";
import type { Monotonic, WallTime } from "../base/time.ts";
import { earliest, later, latest, monotonic } from "../base/time.ts";
import {
  attachFilter,
  closePacketSocket,
  interfaceIndex,
  start,
  statistics,
} from "../ffi/packet-socket.ts";
import type { NetworkDevice } from "./device.ts";
import { readDevice } from "./device.ts";
import { compileFilter, mostRanges } from "./filter.ts";
import type { ReusedFrame } from "./ring-frames.ts";
import { RingFrames } from "./ring-frames.ts";
import type { RingSocket } from "./ring-socket.ts";
import { openRingSocket } from "./ring-socket.ts";
import type { CaptureCounters, Sink, Source } from "./source.ts";
import { Wakeups } from "./wakeups.ts";

/** Frames taken in one go, before timers, signals and closing doors have their turn. */
const batch = 4096;

/** Milliseconds after which a batch ends: a packet that is signed takes longer than a hundred others. */
const batchTime = 10;

/** Frames from one look at the clock to the next. */
const framesPerLook = 16;

/** A wall clock that drifts from the monotonic one by more than this between two drains was set. */
const clockStep = 50;

/** The packets of this host's own interfaces, by AF_PACKET and a ring that the kernel writes to. */
export class Ring implements Source {
  readonly #clock: Clock;
  readonly #sink: Sink;
  readonly #fd: number;
  readonly #captured: number;
  readonly #frames: RingFrames;
  readonly #release: (() => void)[] = [];
  readonly #frame: ReusedFrame;
  #interfaces: readonly string[] | undefined;
  #ports: PortSets | undefined;
  /** Of the interfaces that the filter lets in; undefined: of all. */
  #indexes: readonly number[] | undefined;
  #lastTime = monotonic(0);
  #clockOffset: number;
  #received = 0;
  #dropped = 0;

  /**
   * Listens on the interfaces of these names, or on all. Those that do not exist yet are seen as soon as
   * `interfacesChanged` is called after they came. Closes the socket in the end. Throws CAPTURE.
   */
  constructor(
    interfaces: readonly string[] | undefined,
    clock: Clock,
    sink: Sink,
    socket: RingSocket = openRingSocket(),
  ) {
    this.#clock = clock;
    this.#sink = sink;
    this.#interfaces = interfaces;
    this.#clockOffset = clock.wall() - clock.now();
    this.#fd = socket.fd;
    this.#captured = socket.captured;
    this.#release.push(() => closePacketSocket(this.#fd));
    try {
      this.#frames = new RingFrames(socket);
      this.#release.push(() => this.#frames.close());
      this.#frame = this.#frames.newFrame();
      start(this.#fd);
      const wakeups = new Wakeups(this.#fd, clock, () => this.#drain());
      this.#release.push(() => wakeups.close());
    } catch (error) {
      this.close();
      throw error;
    }
  }

  watch(ports: PortSets): void {
    this.#ports = ports;
    this.#filter(ports, this.#lookUp());
  }

  /** From now on listens on these interfaces, or on all. Throws CAPTURE. */
  listen(interfaces: readonly string[] | undefined): void {
    this.#interfaces = interfaces;
    this.interfacesChanged();
  }

  /**
   * Looks the interfaces up again: one that was deleted and created again has another index. Throws CAPTURE;
   * the filter is then as it was.
   */
  interfacesChanged(): void {
    const indexes = this.#lookUp();
    // Where containers come and go there is word of changes all the time.
    if (this.#ports === undefined || indexes?.join() === this.#indexes?.join()) return;
    this.#filter(this.#ports, indexes);
  }

  /** The names of those interfaces that were asked for and do not exist. */
  missing(): readonly string[] {
    return this.#interfaces?.filter((name) => this.#index(name) === undefined) ?? [];
  }

  /**
   * What the kernel calls those interfaces that were asked for and exist. They may have been asked for by an
   * alternative name, or by the label of an address. Throws CAPTURE, SYSTEM.
   */
  devices(): ReadonlyMap<string, NetworkDevice> {
    const devices = new Map<string, NetworkDevice>();
    for (const name of this.#interfaces ?? []) {
      const index = this.#index(name);
      const device = index === undefined ? undefined : readDevice(this.#fd, index);
      if (device !== undefined) devices.set(name, device);
    }
    return devices;
  }

  counters(): CaptureCounters {
    if (this.#release.length > 0) {
      const { received, dropped } = statistics(this.#fd);
      this.#received += received;
      this.#dropped += dropped;
    }
    return { received: this.#received, dropped: this.#dropped };
  }

  close(): void {
    for (const release of this.#release.splice(0).reverse()) release();
  }

  #lookUp(): readonly number[] | undefined {
    const indexes = this.#interfaces?.map((name) => this.#index(name));
    return indexes?.filter((index) => index !== undefined);
  }

  #index(name: string): number | undefined {
    // The number of a closed descriptor may be that of another one by now.
    return this.#release.length === 0 ? undefined : interfaceIndex(this.#fd, name);
  }

  #filter(ports: PortSets, indexes: readonly number[] | undefined): void {
    if (this.#release.length === 0) return;
    this.#attach(ports, indexes);
    this.#indexes = indexes;
  }

  /**
   * The kernel has little room for filters (net.core.optmem_max; 20 KiB before Linux 6.7), and the one
   * before takes its part until it is replaced. A shorter one lets more pass than it should, which the
   * matcher ignores.
   */
  #attach(ports: PortSets, indexes: readonly number[] | undefined): void {
    const attach = (most: number) =>
      attachFilter(this.#fd, compileFilter(ports, indexes, most, this.#captured));
    if (succeeds(() => attach(mostRanges))) return;
    attach(1);
    let most = mostRanges;
    while (most > 1 && !succeeds(() => attach(most))) most >>= 1;
  }

  /** Takes at most a batch and says how many; what is left keeps the descriptor readable. */
  #drain(): number {
    const now = this.#clock.now();
    const wall = this.#clock.wall();
    const stepped = Math.abs(wall - now - this.#clockOffset) > clockStep;
    this.#clockOffset = wall - now;
    let taken = 0;
    while (taken < batch && this.#frames.isReady) {
      taken++;
      this.#read(now, stepped ? undefined : wall);
      this.#sink(this.#frame);
      // The sink may have closed the ring: its memory is gone then.
      if (this.#release.length === 0) break;
      this.#frames.release();
      if (taken % framesPerLook === 0 && this.#clock.now() - now >= batchTime) break;
    }
    return taken;
  }

  /** `wall`: the date now, if it can be compared with the frame's. */
  #read(now: Monotonic, wall: WallTime | undefined): void {
    const frame = this.#frame;
    const arrived = this.#frames.read(frame);
    const age = wall === undefined ? 0 : wall - arrived;
    // What came while this batch was drained is younger than `now`, unless the date was set meanwhile.
    const time = later(now, -age);
    this.#lastTime = latest(this.#lastTime, age < 0 ? earliest(time, this.#clock.now()) : time);
    frame.time = this.#lastTime;
  }
}

function succeeds(task: () => void): boolean {
  try {
    task();
    return true;
  } catch {
    return false; // What else is wrong, the shortest filter tells.
  }
}
