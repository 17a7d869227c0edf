import { Authenticator } from "../../../src/auth/authenticator.ts";
import { ReplayWindow } from "../../../src/auth/window.ts";
import type { RecoveredKnocks } from "../../../src/daemon/state/knock-journal.ts";
import { KnockJournal } from "../../../src/daemon/state/knock-journal.ts";
import { reserved } from "../../../src/grant/journal/journal.ts";
import { formatLine } from "../../../src/grant/journal/journal-format.ts";
import type { Disk } from "../../../src/system/disk.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { MemoryLog } from "../../support/memory-log.ts";
import type { FuzzTarget } from "../target.ts";
import { promise, words } from "../target.ts";

const wall = 1_800_000_000_000;
const path = "/state/k.knocks";
const key = "0123456789abcdef";

const lines = [
  { knocks: 1 },
  { knocks: 1, lost: wall * 1000 },
  { knocks: 1, lost: (wall - 2_000_000) * 1000 },
  { knocks: 2 },
  { key, time: wall * 1000 },
  { key, time: wall * 1000 - 1 },
  { key: "fedcba9876543210", time: 7 },
  { key, floor: 5, times: [7, 9, 9, 2] },
  { key, floor: -1, times: [1] },
  { key, time: 2 ** 60 },
  { key: "x", time: 1 },
  [key, 1],
];

const zeros = Buffer.alloc(1 << 16);

/** A disk in memory: the files of these names. */
class MemoryDisk implements Disk {
  readonly #files: Map<string, { bytes: Buffer }>;
  readonly #open: { bytes: Buffer }[] = [];

  constructor(files: Readonly<Record<string, Uint8Array>>) {
    this.#files = new Map(
      Object.entries(files).map(([name, bytes]) => [name, { bytes: Buffer.from(bytes) }]),
    );
  }

  readonly open = async (name: string, flags: string | number): Promise<number> => {
    let file = this.#files.get(name);
    if (file === undefined || flags === "w+") file = { bytes: Buffer.alloc(0) };
    this.#files.set(name, file);
    return this.#open.push(file) - 1;
  };

  readonly write = async (
    fd: number,
    bytes: Uint8Array,
    position: number | null,
  ): Promise<void> => {
    const file = this.#open[fd];
    if (file === undefined) throw new Error("EBADF");
    const at = position ?? file.bytes.length;
    // The reserve is zeros, which are added when the file is read.
    if (at >= file.bytes.length && zeros.subarray(0, bytes.length).equals(bytes)) return;
    const longer = Buffer.alloc(Math.max(file.bytes.length, at + bytes.length));
    file.bytes.copy(longer);
    longer.set(bytes, at);
    file.bytes = longer;
  };

  readonly readFile = async (name: string): Promise<Buffer> => {
    const file = this.#files.get(name);
    if (file === undefined) throw Object.assign(new Error("ENOENT"), { code: "ENOENT" });
    const whole = Buffer.alloc(Math.max(reserved, file.bytes.length));
    file.bytes.copy(whole);
    return whole;
  };

  readonly rename = async (from: string, to: string): Promise<void> => {
    const file = this.#files.get(from);
    if (file === undefined) throw new Error("ENOENT");
    this.#files.delete(from);
    this.#files.set(to, file);
  };

  readonly unlink = async (name: string): Promise<void> => {
    this.#files.delete(name);
  };

  readonly syncData = async (): Promise<void> => {};
  readonly sync = async (): Promise<void> => {};
  readonly close = async (): Promise<void> => {};
  readonly chown = async (): Promise<void> => {};
  readonly chmod = async (): Promise<void> => {};
  readonly makeDirectory = async (): Promise<void> => {};
  readonly readDirectory = async (): Promise<string[]> => [];
  readonly stat = async (): Promise<never> => {
    throw new Error("ENOSYS");
  };
}

/** What a daemon finds in the journal, and what it then knows of used times. */
async function start(disk: Disk) {
  const authenticator = new Authenticator(120_000);
  const found: RecoveredKnocks[] = [];
  const journal = new KnockJournal({
    ...{ path, disk, clock: new ManualClock(wall), log: new MemoryLog() },
    windows: () => authenticator.windows(),
    fwknopWindows: () => [],
  });
  await journal.open((recovered) => {
    found.push(recovered);
    authenticator.restore(recovered.windows);
  });
  const isDurable = await journal.commit();
  await journal.close();
  promise(isDurable && found.length === 1, "it is not read once, and written on");
  const windows = JSON.stringify([...authenticator.windows()]);
  return {
    lost: found[0]?.lost?.start,
    recovered: found[0]?.windows ?? [],
    windows,
    authenticator,
  };
}

/** A knock journal after a crash: what it says is used stays used, or all from before is refused. */
export const knockJournalTarget: FuzzTarget = {
  name: "knock-journal",
  covers: ["src/daemon/state/knock-journal.ts", "src/auth/window.ts"],
  longest: 600,
  words: [...words(...lines.map(formatLine), "\n", "0"), new Uint8Array(8)],
  make(random) {
    const text = random.several(0, 4, () => formatLine(random.pick(lines))).join("");
    const first = random.percent(80) ? formatLine(lines[0]) : "";
    return Buffer.concat([Buffer.from(first + text), Buffer.alloc(random.from(0, 8))]);
  },
  // As for `journal`, and two reserves of a megabyte are written.
  limit: (length) => 200 + 0.15 * length,
  async run(input) {
    const disk = new MemoryDisk(input.length === 0 ? {} : { [path]: input });
    const first = await start(disk);
    const known = new Map(first.authenticator.windows());
    for (const [id, { floor, times }] of first.recovered) {
      const window = new ReplayWindow(known.get(id));
      promise(![floor, ...times].some((time) => window.isNew(time)), "a used time is new again");
    }
    const second = await start(disk);
    promise(second.windows === first.windows, "what was used is not what is written");
    promise(second.lost === first.lost, "a loss is forgotten, or made");
    const isNow = first.lost === wall * 1000;
    const loss = first.lost === undefined ? "sound" : isNow ? "lost" : "lost before";
    return `${loss}, ${Math.min(first.recovered.length, 3)} windows`;
  },
};
