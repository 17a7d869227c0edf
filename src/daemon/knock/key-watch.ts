import type { Instant } from "../../auth/authenticator.ts";
import { FwknopWatch } from "../../auth/fwknop-watch.ts";
import type { WatchedJudgement } from "../../auth/judgement.ts";
import type { DeviceWatchParts, WatchedRefusal } from "../../auth/watch.ts";
import { DeviceWatch } from "../../auth/watch.ts";
import type { Address } from "../../base/address.ts";
import type { Clock } from "../../base/clock.ts";
import { KnockError } from "../../base/errors.ts";
import { later } from "../../base/time.ts";
import type { Device } from "../../config/users.ts";

/** The most milliseconds: an administrator may forget it. */
const longest = 300_000;

/** The most devices at once: each key takes some 2 MB. */
const mostDevices = 8;

/** Why a packet of a device opened nothing. */
export interface WatchedKnock extends WatchedRefusal {
  readonly who: string;
}

export interface KeyWatchParts extends Omit<DeviceWatchParts, "device"> {
  readonly find: (name: string) => Device | undefined;
  readonly clock: Clock;
}

/** The devices whose refused packets are explained, for as long as administrators watch them. */
export class KeyWatch {
  readonly #parts: KeyWatchParts;
  /** By the name of the device. */
  readonly #watched = new Map<
    string,
    {
      readonly watches: readonly Pick<FwknopWatch, "explain">[];
      readonly cancelEnd: () => void;
    }
  >();

  constructor(parts: KeyWatchParts) {
    this.#parts = parts;
  }

  /** Watches a device for `length` milliseconds from now on. Throws USAGE. */
  begin(name: string, length: number): void {
    const { clock, find, authenticator } = this.#parts;
    const device = find(name);
    if (device === undefined) {
      const hints = ["knockctl user list lists all; knockctl reload loads the users file"];
      throw new KnockError("USAGE", `knockd has no device "${name}"`, { hints });
    }
    if (length > longest) {
      throw new KnockError("USAGE", `a watch lasts ${longest / 60_000} minutes at most`);
    }
    this.end(name);
    if (this.#watched.size >= mostDevices) {
      throw new KnockError("USAGE", `knockd watches ${mostDevices} devices at most`);
    }
    const instant = { now: clock.now(), wall: clock.wall() };
    const parts = { device: () => find(name), authenticator };
    const watches = [
      new DeviceWatch(device.locks, instant, parts),
      ...(device.fwknop ? [new FwknopWatch(device.fwknop, instant, parts.device)] : []),
    ];
    const cancelEnd = clock.wakeAt(later(instant.now, length), () => this.end(name));
    this.#watched.set(name, { watches, cancelEnd });
  }

  /** Ends the watch of a device. May be called again. */
  end(name: string): void {
    this.#watched.get(name)?.cancelEnd();
    this.#watched.delete(name);
  }

  /** Returns why a packet of a watched device opened nothing, if no log line tells that. */
  explain(
    judgement: WatchedJudgement,
    payload: Uint8Array,
    instant: Instant,
    source: Address,
  ): WatchedKnock | undefined {
    for (const [who, { watches }] of this.#watched) {
      for (const watch of watches) {
        const refusal = watch.explain(judgement, payload, instant, source);
        if (refusal !== undefined) return { ...refusal, who };
      }
    }
    return undefined;
  }
}
