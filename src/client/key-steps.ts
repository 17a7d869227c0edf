import { randomInt } from "node:crypto";
import { Address, parseAddress } from "../base/address.ts";
import { systemClock } from "../base/clock.ts";
import { KnockError } from "../base/errors.ts";
import { printable } from "../base/text.ts";
import { doorId, parseKey } from "../knock/keys.ts";
import { slotsPerMinute } from "../knock/packet.ts";
import { PacketSeries } from "../knock/packet-series.ts";
import { seal } from "../knock/seal.ts";
import { isGlobal } from "./global-address.ts";
import type { Step } from "./plan.ts";
import type { KeyProfile, OpenedAddress } from "./profile.ts";

/** One for all packets of this process, so that their times differ. */
const series = new PacketSeries(() => randomInt(1_000), randomInt(slotsPerMinute));

const whoeverDelivers = new Address(0, 0, 0, 0);

/** Returns the steps of a knock by key: a packet for each door, made when it is sent. Throws `CONFIG` if the key is damaged. */
export function keySteps(profile: KeyProfile): Step[] {
  const { name, knockPort, doors, openFor = 0, openedAddress = "auto" } = profile;
  const key = parseKey(profile.key.reveal());
  if (typeof key === "string") {
    throw new KnockError("CONFIG", `the Key of '${name}' is damaged: its checksum is wrong`, {
      hints: ["import the sesame: line again, or ask for a new one"],
    });
  }
  return doors.map((door) => ({
    number: knockPort,
    protocol: "udp",
    text: `${knockPort} for ${printable(door)}`,
    seal(source) {
      const { time, slot } = series.next(systemClock.wall());
      const address = addressFor(openedAddress, source);
      return seal(key, { time, seconds: openFor, address, door: doorId(door) }, slot);
    },
  }));
}

/** Returns the address in a packet that leaves from `source`: all zero for the one from which it arrives. */
function addressFor(wanted: OpenedAddress, source: string): Address {
  if (wanted instanceof Address) return wanted;
  const own = wanted === "auto" ? parseAddress(source) : undefined;
  return own !== undefined && isGlobal(own) ? own : whoeverDelivers;
}
