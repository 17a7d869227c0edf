import { later, wallTime } from "../../src/base/time.ts";
import { PacketClock } from "../../src/daemon/replay/packet-clock.ts";

/** A clock that stands still until a test moves it. */
export class ManualClock extends PacketClock {
  /** `wall`: what `wall()` returns while `now()` is 0: milliseconds since 1970. */
  constructor(wall = 0) {
    super();
    this.startsAt(wallTime(wall));
  }

  /** Moves time on by `milliseconds`, running what falls due, earliest first. */
  advance(milliseconds: number): void {
    const end = later(this.now(), milliseconds);
    while (this.nextDue <= end) this.runNext();
    this.moveTo(end);
  }
}
