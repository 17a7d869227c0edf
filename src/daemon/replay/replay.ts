import type { Address } from "../../base/address.ts";
import type { Entry } from "../../base/log.ts";
import { formatPort } from "../../base/port.ts";
import { wallTime } from "../../base/time.ts";
import type { NoPacket } from "../../capture/link.ts";
import { Savefile } from "../../capture/savefile.ts";
import type { Frame } from "../../capture/source.ts";
import type { Config, DoorConfig } from "../../config/config.ts";
import { fixedSteps } from "../../config/config.ts";
import { decode } from "../../decode/decode.ts";
import { isMartian } from "../../decode/martian.ts";
import type { Packet } from "../../decode/packet.ts";
import { whyRejected } from "../../decode/rejection.ts";
import { Doors } from "../doors.ts";
import { namesOf } from "../host/target-names.ts";
import { Targets } from "../host/targets.ts";
import { untouchedFiles } from "../state/one-time-files.ts";
import { PacketClock } from "./packet-clock.ts";
import type { ReplayEvent, ReplayOptions, ReplaySummary, Unseen } from "./replay-event.ts";
import { ReplayLog } from "./replay-log.ts";
import { ReplayPipeline } from "./replay-pipeline.ts";

/**
 * Runs recorded packets through the daemon's own pipeline, by their own clock and without opening
 * anything, and explains what each did at each door:
 *
 *     for await (const event of new Replay(file, options)) …
 *
 * After the last packet time goes on until nothing is open or under way. Two runs tell the same,
 * except where targets are names, which are looked up at the start. Throws CAPTURE, where the file
 * cannot be read any further, and SYSTEM. To be read once.
 */
export class Replay implements AsyncIterable<ReplayEvent> {
  readonly #options: ReplayOptions;
  readonly #file: Savefile;
  readonly #unseen = new Map<Unseen, number>();
  readonly #clock = new PacketClock();

  constructor(path: string, options: ReplayOptions) {
    this.#file = new Savefile(path);
    this.#options = options;
  }

  get summary(): ReplaySummary {
    const { packets, firstWall, truncated } = this.#file;
    return { packets, unseen: this.#unseen, firstWall, truncated };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ReplayEvent> {
    const { config, devices } = this.#options;
    const log = new ReplayLog();
    const targets = new Targets(log);
    await targets.refresh(namesOf(config.doors));
    const resolve = targets.networks.bind(targets);
    const doors = new Doors(config.doors, resolve, log, untouchedFiles());
    const { maxAttempts, knockPorts: ports, fwknopPorts, freshness } = config.options;
    const keys = devices && { devices, ports, fwknopPorts, freshness };
    const isOurs = this.#isOurs;
    const isLocalSource = this.#isLocalSource;
    const parts = { doors, log, clock: this.#clock, maxAttempts, isOurs, isLocalSource, keys };
    yield* this.#tell(log.take());
    yield* this.#run(new ReplayPipeline(parts));
  }

  async *#run(pipeline: ReplayPipeline): AsyncGenerator<ReplayEvent> {
    const { config } = this.#options;
    for await (const { number, time, frame } of this.#file) {
      this.#clock.startsAt(this.#file.firstWall ?? wallTime(0));
      for await (const said of pipeline.passTime(time)) yield* this.#tell(said);
      const packet = this.#decode(frame);
      if (packet === undefined || typeof frame === "string") continue;
      const cause = { number, packet };
      if (pipeline.wants(packet)) {
        yield* this.#tell(await pipeline.take(frame, packet), cause);
        continue;
      }
      this.#count(isForKeys(config, packet) ? "no-users" : "other-port");
      const other = doorOfOtherProtocol(config, packet);
      if (other !== undefined || this.#options.source !== undefined) {
        yield* this.#tell([noDoor(packet, other)], cause);
      }
    }
    for await (const said of pipeline.finish()) yield* this.#tell(said);
  }

  readonly #isOurs = (address: Address): boolean => {
    const { addresses } = this.#options;
    return addresses === undefined || addresses.some((own) => own.equals(address));
  };

  /** The networks of the host are not known, so neither are their broadcast addresses. */
  readonly #isLocalSource = (source: Address): boolean =>
    this.#options.addresses?.some((own) => own.equals(source)) ?? false;

  /** Undefined, and counted, if it is none for the pipeline. */
  #decode(frame: Frame | NoPacket): Packet | undefined {
    if (typeof frame === "string") return this.#count(frame);
    const packet = decode(frame);
    if (packet === undefined) return this.#count(whyRejected(frame));
    // The interfaces in a savefile are those of another host.
    if (!frame.isLoopback && isMartian(packet, 0, this.#isLocalSource))
      return this.#count("martian");
    if (this.#options.onlyIpv4 && packet.source.family === 6) return this.#count("ipv6");
    return packet;
  }

  #count(why: Unseen): undefined {
    this.#unseen.set(why, (this.#unseen.get(why) ?? 0) + 1);
  }

  /** An event of these entries, or none if nothing is left of them for the source that was asked for. */
  #tell(said: readonly Entry[], cause?: ReplayEvent["cause"]): ReplayEvent[] {
    const { source: wanted } = this.#options;
    const entries = said.filter(({ source }) => {
      const whose = source ?? cause?.packet.source;
      return wanted === undefined || whose === undefined || whose.equals(wanted);
    });
    if (entries.length === 0) return [];
    const time = this.#clock.now();
    const wall = this.#file.firstWall === undefined ? undefined : this.#clock.wall();
    return [{ time, wall, cause, entries }];
  }
}

/** Returns whether a packet goes to a port of knocks by key. */
function isForKeys({ options }: Config, { port, protocol }: Packet): boolean {
  return protocol === "udp" && [...options.knockPorts, ...options.fwknopPorts].includes(port);
}

/** Returns the first door that has the port of a packet, and wants the other protocol there. */
function doorOfOtherProtocol(config: Config, { port, protocol }: Packet): DoorConfig | undefined {
  return config.doors.find((door) =>
    fixedSteps(door).some((step) => step.number === port && step.protocol !== protocol),
  );
}

function noDoor({ source, port, protocol }: Packet, other: DoorConfig | undefined): Entry {
  const text = `${source}: no door has port ${formatPort({ number: port, protocol })}`;
  const entry = { level: "debug", event: "no-door", source } as const;
  if (other === undefined) return { ...entry, text };
  const wanted = formatPort({ number: port, protocol: protocol === "tcp" ? "udp" : "tcp" });
  return { ...entry, text: `${text}: '${other.name}' wants ${wanted}` };
}
