// A gateway of the bench: `node fleet-member.ts NAME SOCKET`. It opens what it is told to, and tells what it hears.
import { parseAddress } from "../src/base/address.ts";
import { systemClock } from "../src/base/clock.ts";
import { Fleet } from "../src/fleet/fleet.ts";
import { RedisBoard } from "../src/fleet/redis-board.ts";
import { FleetSeal } from "../src/fleet/seal.ts";
import type { HolderSubject } from "../src/fleet/subject.ts";
import type { FleetOrder, FleetWord } from "./fleet-process.ts";

const hour = 3_600_000;
const [, , gateway = "", path = ""] = process.argv;

const tell = (word: FleetWord) => process.send?.(word);

/** The holder of the n-th lease. */
function holderOf(n: number): HolderSubject {
  const source = parseAddress(`10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`);
  if (source === undefined) throw new Error(`no source ${n}`);
  return { kind: "holder", door: "ssh", nth: 1, source, who: "" };
}

function numberOf({ source }: HolderSubject): number {
  return source.w3 & 0xff_ff_ff;
}

const begin = systemClock.now();
const fleet = new Fleet({
  gateway,
  version: "bench",
  seal: new FleetSeal("bench", [Buffer.alloc(32, 7)]),
  clock: systemClock,
  connect: () => RedisBoard.open("bench", { address: { kind: "unix", path } }),
  configuration: () => configuration,
  openLeases: () => 0,
  onChange: (changes) => {
    const at = systemClock.now();
    const heard = changes.filter(({ after }) => after !== undefined);
    tell({ heard: heard.map(({ holder }) => numberOf(holder)), at });
    return undefined;
  },
  onDelay: () => {},
  onStamped: () => {},
  onUsed: () => {},
  onDoubleUse: () => {},
  onJoined: () => tell({ joined: systemClock.now() - begin, holders: fleet.living().length }),
  onLost: (why) => {
    throw new Error(why);
  },
});
const configuration = { users: "", knockPort: "", freshness: "", doors: [] };

process.on("message", ({ first, count }: FleetOrder) => {
  const at = systemClock.now();
  for (let n = first; n < first + count; n++) fleet.opened(holderOf(n), hour);
  tell({ opened: first, at });
});
process.on("disconnect", () => process.exit());
await fleet.run();
