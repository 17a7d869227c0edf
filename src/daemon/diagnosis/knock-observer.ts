import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { EagerLog } from "../../base/log.ts";
import type { PortSets, Protocol } from "../../base/port.ts";
import { wallTime } from "../../base/time.ts";
import { Host } from "../../capture/host.ts";
import { Ring } from "../../capture/ring.ts";
import { openRingSocket } from "../../capture/ring-socket.ts";
import type { Frame, Sink, Source } from "../../capture/source.ts";
import type { Config } from "../../config/config.ts";
import { decode } from "../../decode/decode.ts";
import { isMartian } from "../../decode/martian.ts";
import type { Packet } from "../../decode/packet.ts";
import type { RingSize } from "../../ffi/packet-socket.ts";
import type { HostPorts } from "../../match/decoys/decoy.ts";
import type { Door } from "../../match/door.ts";
import { Matcher } from "../../match/matcher.ts";
import type { Verdict } from "../../match/verdict.ts";
import { Doors } from "../doors.ts";
import { nameInterface } from "../host/interface-name.ts";
import { PortsInUse } from "../host/ports-in-use.ts";
import { namesOf } from "../host/target-names.ts";
import { Targets } from "../host/targets.ts";
import { untouchedFiles } from "../state/one-time-files.ts";
import type { DoorEffect, SeenPacket } from "./seen-packet.ts";

export interface KnockObserverParts<S extends Source> {
  readonly openSource: (sink: Sink) => S;
  readonly clock: Clock;
  /** What decoys must avoid. */
  readonly hostPorts: HostPorts;
  readonly host: Pick<Host, "has" | "isLocalSource">;
  /** Returns the name of an interface; `undefined` if it has none. */
  readonly nameInterface: (index: number) => string | undefined;
  readonly onPacket: (packet: SeenPacket) => void;
}

/** Much smaller than the daemon's: it is there for one knock. */
const ringSize: RingSize = { frame: 256, block: 65536, blocks: 32 };

/** Sources whose attempts are under way at once. */
const mostAttempts = 4096;

/**
 * Watches the knocks that reach this machine, beside the daemon or without one: on all interfaces, also
 * packets of the wrong protocol. Matches them with the doors of a configuration and opens nothing.
 */
export class KnockObserver<S extends Source> {
  readonly #parts: KnockObserverParts<S>;
  readonly #interfaces: ReadonlySet<string> | undefined;
  readonly #matcher: Matcher;
  readonly #doors: Doors;
  readonly #source: S;
  /** By source and door: the stage of a knock whose time is over. */
  readonly #late = new Map<string, number>();

  constructor(config: Config, targets: Targets, parts: KnockObserverParts<S>) {
    this.#parts = parts;
    // eth0:1 is an address of eth0.
    const names = config.options.interfaces?.map((name) => name.replace(/:.*$/, ""));
    this.#interfaces = names && new Set(names);
    const resolve = targets.networks.bind(targets);
    const { host, hostPorts, openSource, clock } = parts;
    this.#doors = new Doors(config.doors, resolve, silence, untouchedFiles(), hostPorts);
    this.#doors.end(wallTime(clock.wall()));
    this.#matcher = new Matcher({
      maxAttempts: mostAttempts,
      isOurs: (address) => host.has(address),
    });
    this.#source = openSource((frame) => this.#take(frame));
    this.#watch();
  }

  close(): void {
    this.#source.close();
  }

  #watch(): void {
    this.#matcher.setDoors(this.#doors.matchable, this.#doors.decoys);
    this.#source.watch(this.#ports);
  }

  /** The steps also by the other protocol. */
  get #ports(): PortSets {
    const { tcp, udp } = this.#doors.ports;
    const steps = this.#doors.matchable.flatMap(({ sequence }) =>
      sequence.map(({ number }) => number),
    );
    return { tcp: new Set([...tcp, ...steps]), udp: new Set([...udp, ...steps]) };
  }

  #take(frame: Frame): void {
    const packet = decode(frame);
    if (packet === undefined) return;
    const { host, nameInterface, onPacket } = this.#parts;
    const { isLoopback, interfaceIndex } = frame;
    const isLocal = host.isLocalSource.bind(host);
    if (!isLoopback && isMartian(packet, interfaceIndex, isLocal)) return;
    const interfaceName = nameInterface(interfaceIndex);
    const effects = this.#isHeard(interfaceName) ? this.#match(packet) : this.#unheard(packet);
    if (effects.length === 0) return;
    const { time, source, port: number, protocol } = packet;
    onPacket({ time, source, port: { number, protocol }, interfaceName, effects });
  }

  /** Returns whether the daemon listens on the interface. */
  #isHeard(name: string | undefined): boolean {
    return this.#interfaces === undefined || name === undefined || this.#interfaces.has(name);
  }

  #unheard(packet: Packet): DoorEffect[] {
    return this.#doors.matchable.flatMap((door) => {
      const step = stepOf(door, packet, packet.protocol);
      return step === undefined ? [] : [{ door, step, kind: "interface" }];
    });
  }

  #match(packet: Packet): DoorEffect[] {
    const expired = this.#matcher.expire(packet.time);
    const verdicts = this.#matcher.hit(packet);
    for (const verdict of [...expired, ...verdicts]) {
      if (verdict.kind !== "failed" || verdict.why !== "late") continue;
      if (this.#late.size >= mostAttempts) this.#late.clear();
      this.#late.set(`${verdict.source} ${verdict.door.name}`, verdict.stage);
    }
    const all = [...verdicts, ...this.#matcher.explain(packet, verdicts)];
    const effects = this.#doors.matchable.flatMap((door) => {
      const effect = effectOf(door, packet, all);
      return effect === undefined ? [] : [this.#judgeTime(effect, packet)];
    });
    for (const { door } of verdicts.filter(({ kind }) => kind === "open")) {
      if (this.#doors.use(door).changed) this.#watch();
    }
    return effects;
  }

  /** Returns `late` in place of `order` for the step that a knock lacked when its time was over. */
  #judgeTime(effect: DoorEffect, { source }: Packet): DoorEffect {
    const key = `${source} ${effect.door.name}`;
    const stage = this.#late.get(key);
    if (stage === undefined || effect.step === undefined) return effect;
    if (effect.kind === "stage") this.#late.delete(key);
    if (effect.kind !== "order" || effect.step <= stage) return effect;
    this.#late.set(key, effect.step);
    return effect.step === stage + 1 ? { ...effect, kind: "late" } : effect;
  }
}

/** Opens an observer of this machine's packets. Throws CAPTURE. */
export async function observeKnocks(
  config: Config,
  clock: Clock,
  onPacket: (packet: SeenPacket) => void,
): Promise<{ close(): void }> {
  const targets = new Targets(silence);
  await targets.refresh(namesOf(config.doors));
  const host = new Host(clock);
  host.refresh();
  const ports = new PortsInUse(clock, () => {}, config.options.table);
  return new KnockObserver(config, targets, {
    openSource: (sink) => new Ring(undefined, clock, sink, openRingSocket(ringSize)),
    ...{ clock, host, hostPorts: ports.read(), nameInterface, onPacket },
  });
}

/** Returns what a packet is for a door, or `undefined` if it does not concern it. Pure. */
function effectOf(
  door: Door,
  packet: Packet,
  verdicts: readonly Verdict[],
): DoorEffect | undefined {
  const step = stepOf(door, packet, packet.protocol);
  const own = verdicts.filter((verdict) => verdict.door === door);
  const stage = own.find((verdict) => verdict.kind === "stage");
  if (own.some(({ kind }) => kind === "open")) return { door, step: stage?.stage, kind: "open" };
  if (stage !== undefined) return { door, step: stage.stage, kind: "stage" };
  for (const verdict of own) {
    if (verdict.kind === "repeat") return { door, step: verdict.stage, kind: "repeat" };
    if (verdict.kind === "ignored") {
      const kind = verdict.why === "scanner" ? "ignored" : verdict.why;
      return { door, step, kind };
    }
    if (verdict.kind === "decoy" && verdict.scanner) return { door, step, kind: "ignored" };
    if (verdict.kind === "failed" && verdict.why !== "late" && step === undefined) {
      return { door, step, kind: verdict.why === "decoy" ? "decoy" : "other-door" };
    }
  }
  if (step !== undefined) return { door, step, kind: "order" };
  const other = stepOf(door, packet, packet.protocol === "tcp" ? "udp" : "tcp");
  return other === undefined ? undefined : { door, step: other, kind: "protocol" };
}

function stepOf({ sequence }: Door, { port }: Packet, protocol: Protocol): number | undefined {
  const at = sequence.findIndex((step) => step.number === port && step.protocol === protocol);
  return at < 0 ? undefined : at + 1;
}

/** What the doors say was said by the check of the configuration. */
const silence: Log = new (class extends EagerLog {
  protected add(): void {}
})();
