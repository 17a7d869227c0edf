import type { Clock } from "../../base/clock.ts";
import type { WallTime } from "../../base/time.ts";
import { formatLocalTime, later } from "../../base/time.ts";
import { closeUnixDatagram, openUnixDatagram, sendUnixDatagram } from "../../ffi/unix-datagram.ts";

/** LOG_USER and LOG_NOTICE (RFC 5424 §6.2.1), the one priority that knockd uses. */
const priority = 1 * 8 + 5;

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Lines that may wait while the system's log is behind: all of them, and those that can be spared. */
const mostWaiting = 2000;
const mostSpare = 1000;

/** Milliseconds until it is tried again: the pause doubles each time. */
const shortestPause = 5;
const longestPause = 1000;

/** What waits at the end has so many milliseconds more. */
const finalTimeout = 100;

/**
 * The system's log, by datagrams to `/dev/log` (RFC 3164, as syslog(3) writes them), ident knockd. The
 * kernel keeps a few of them for a reader that is behind (net.unix.max_dgram_qlen); syslog(3) waits then,
 * here the lines do.
 */
export class Syslog {
  readonly #fd = openUnixDatagram();
  readonly #clock: Clock;
  readonly #path: string;
  #waiting: Uint8Array[] = [];
  #lost = 0;
  #pause = shortestPause;
  #cancelWake: (() => void) | undefined;

  constructor(clock: Clock, path = "/dev/log") {
    this.#clock = clock;
    this.#path = path;
  }

  /**
   * A line that comes while there is no reader at all is lost; so is one that is too many, and then a line
   * tells how many were. Those that can be spared (`isSpare`) are so first.
   */
  write(line: string, wall: WallTime, isSpare: boolean): void {
    if (this.#waiting.length >= (isSpare ? mostSpare : mostWaiting)) {
      this.#lost++;
      return;
    }
    this.#waiting.push(format(line, wall));
    if (this.#cancelWake === undefined) this.#send();
  }

  close(): void {
    this.#cancelWake?.();
    const end = performance.now() + finalTimeout;
    while (!this.#passOn() && performance.now() < end) sleepNow(shortestPause);
    closeUnixDatagram(this.#fd);
  }

  #send(): void {
    this.#cancelWake = undefined;
    if (this.#passOn()) {
      this.#pause = shortestPause;
      return;
    }
    this.#cancelWake = this.#clock.wakeAt(later(this.#clock.now(), this.#pause), () =>
      this.#send(),
    );
    this.#pause = Math.min(2 * this.#pause, longestPause);
  }

  /** Sends what waits. False if some of it still does. */
  #passOn(): boolean {
    let sent = 0;
    for (const datagram of this.#waiting) {
      if (sendUnixDatagram(this.#fd, this.#path, datagram) === "full") break;
      sent++;
    }
    if (sent > 0) this.#pause = shortestPause;
    this.#waiting = this.#waiting.slice(sent);
    if (this.#waiting.length > 0) return false;
    if (this.#lost === 0) return true;
    const text = `${this.#lost} lines were left out: the system's log did not take them`;
    this.#lost = 0;
    this.#waiting.push(format(text, this.#clock.wall()));
    return this.#passOn();
  }
}

function format(line: string, wall: WallTime): Uint8Array {
  const date = new Date(wall);
  const day = `${months[date.getMonth()]} ${String(date.getDate()).padStart(2)}`;
  const time = formatLocalTime(date).slice("2026-11-22 ".length);
  return new TextEncoder().encode(`<${priority}>${day} ${time} knockd: ${line}`);
}

/** Nothing else goes on meanwhile. */
function sleepNow(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
