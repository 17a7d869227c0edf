// A knock by key: a packet for each address of the server, then a look at what it opened.
import { wallTime } from "../src/base/time.ts";
import { isBadPort } from "../src/invitation/bad-ports.ts";
import { slotsPerMinute } from "../src/knock/packet.ts";
import { PacketSeries } from "../src/knock/packet-series.ts";
import { carry } from "./carry.ts";
import type { StoredDoor } from "./key-store.ts";
import { ask } from "./request.ts";
import { doorIdOf, sealPacket } from "./seal.ts";

/** What became of a knock. `blind`: the browser cannot look. */
export type KeyKnockOutcome = "answer" | "end" | "silence" | "blind" | "nothing-sent" | "no-webrtc";

const series = new PacketSeries(() => random(1000), random(slotsPerMinute));
/** The source of the packet: behind an address translation, a page does not know its own. */
const anyAddress = { w0: 0, w1: 0, w2: 0, w3: 0 };

/** Milliseconds until the first look: the first SYN should find the door open. */
const pause = 400;
/** Milliseconds for a look: a SYN that is lost comes again after 1 and 3 seconds. */
const patience = 5000;

/** Knocks, and returns what the service does then. */
export async function knockByKey(door: StoredDoor): Promise<KeyKnockOutcome> {
  if (typeof RTCPeerConnection === "undefined") return "no-webrtc";
  const id = await doorIdOf(door.door);
  // A packet each: what comes again from the other family of addresses opens nothing for it.
  const departures = addressesOf(door).map(async (address) => {
    const { time, slot } = series.next(wallTime(Date.now()));
    const request = { time, seconds: 0, address: anyAddress, door: id };
    return await carry(await sealPacket(door.key, request, slot), address, door.port);
  });
  const look = lookAt(door);
  const all = await Promise.all(departures);
  if (all.every((one) => one === "nothing")) return "nothing-sent";
  return await look;
}

async function lookAt({ host, wait }: StoredDoor): Promise<KeyKnockOutcome> {
  if (wait === undefined || isBadPort(wait)) return "blind";
  await new Promise((resolve) => setTimeout(resolve, pause));
  return await ask(host, wait, patience);
}

/** Where packets go; none if the link has only a name, to which browsers send nothing. */
export function addressesOf({
  host,
  addresses,
}: Pick<StoredDoor, "host" | "addresses">): readonly string[] {
  if (addresses.length > 0) return addresses;
  return /^[\d.]+$|:/.test(host) ? [host] : [];
}

function random(below: number): number {
  return (crypto.getRandomValues(new Uint16Array(1))[0] ?? 0) % below;
}
