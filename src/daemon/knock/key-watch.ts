import type { Instant } from "../../auth/authenticator.ts";
import type { HintedKey } from "../../auth/hints.ts";
import type { Judgement } from "../../auth/judgement.ts";
import type { DeviceWatchParts, WatchedRefusal } from "../../auth/watch.ts";
import { DeviceWatch } from "../../auth/watch.ts";
import type { Clock } from "../../base/clock.ts";
import { KnockError } from "../../base/errors.ts";
import { later } from "../../base/time.ts";
import type { Device } from "../../config/users.ts";

/** The most milliseconds: an administrator may forget it. */
const longest = 300_000;

/** Why a packet of a device opened nothing. */
export interface WatchedKnock extends WatchedRefusal {
  readonly who: string;
}

export interface KeyWatchParts extends Omit<DeviceWatchParts, "device"> {
  readonly find: (name: string) => Device | undefined;
  readonly clock: Clock;
}

/** The one device whose refused packets are explained, for as long as an administrator watches it. */
export class KeyWatch {
  readonly #parts: KeyWatchParts;
  #current: { readonly name: string; readonly watch: DeviceWatch } | undefined;
  #cancelEnd: (() => void) | undefined;

  constructor(parts: KeyWatchParts) {
    this.#parts = parts;
  }

  /** Watches a device for `length` milliseconds, in place of any other. Throws USAGE. */
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
    this.#stop();
    const now = clock.now();
    const parts = { device: () => find(name), authenticator };
    const watch = new DeviceWatch(device.locks, { now, wall: clock.wall() }, parts);
    this.#current = { name, watch };
    this.#cancelEnd = clock.wakeAt(later(now, length), () => this.#stop());
  }

  /** Ends the watch of a device. May be called again. */
  end(name: string): void {
    if (this.#current?.name === name) this.#stop();
  }

  /** Returns why a packet of the watched device opened nothing, if no log line tells that. */
  explain(
    judgement: Judgement<HintedKey>,
    payload: Uint8Array,
    instant: Instant,
  ): WatchedKnock | undefined {
    if (this.#current === undefined) return undefined;
    const { name: who, watch } = this.#current;
    const refusal = watch.explain(judgement, payload, instant);
    return refusal && { ...refusal, who };
  }

  #stop(): void {
    this.#cancelEnd?.();
    this.#cancelEnd = undefined;
    this.#current = undefined;
  }
}
