/** A requirement: what must hold, word for word where that is short enough. */
export interface BenchTarget {
  readonly what: string;
  readonly target: string;
  /** Whose figure stands beside ours; knockd if absent. `alone`: that of Sesame without a fleet. */
  readonly peer?: "fwknopd" | "alone";
}

/** The rates of floods, packets a second; 0 is as fast as the generator goes. */
export const floodRates: readonly number[] = [1_000, 20_000, 100_000, 300_000, 0];

/** The rates of floods of first steps that reach the kernel's rules, packets a second. */
export const kernelFloodRates = [5_000, 20_000, 100_000, 300_000] as const;

const kernelFlood = (rate: string) => ({
  what: `knocks that open, first steps at ${rate}/s in the rules: by kernel and knockd together`,
  target: "at most 3 % fewer than by knockd alone",
});

/** All that is promised, in the order of the report. A line without a finding says that it was not measured. */
export const targets = {
  "open-command": {
    what: "time to open, command doors (iptables): median",
    target: "at most 1/7 of knockd's",
  },
  "open-native": {
    what: "time to open, native doors by the daemon alone, beside knockd's command doors: median",
    target: "at most 1/40 of knockd's (aim: 1/60)",
  },
  "open-kernel": {
    what: "time to open, native doors by the kernel, beside knockd's command doors: median",
    target: "at most 1/500 of knockd's",
  },
  "open-kernel-alone": {
    what: "time to open, native doors by the kernel while knockd is stopped: median",
    target: "at most 1/500 of knockd's",
  },
  "open-native-p99": {
    what: "time to open, native doors by the daemon alone: p99",
    target: "under 3 ms",
  },
  "flood-1000": { what: "knocks that open, flood of 1,000/s", target: "every one" },
  "flood-20000": { what: "knocks that open, flood of 20,000/s", target: "every one" },
  "flood-100000": { what: "knocks that open, flood of 100,000/s", target: "every one" },
  "flood-300000": { what: "knocks that open, flood of 300,000/s", target: "every one" },
  "flood-0": { what: "knocks that open, flood as fast as it goes", target: "every one" },
  "flood-median": {
    what: "time to open in a flood: the worst of the medians",
    target: "under 10 ms at every rate",
  },
  "flood-memory": { what: "resident memory in any flood, at most", target: "under 192 MiB" },
  "flood-cpu": { what: "CPU in a flood of 100,000/s", target: "under 0.5 of a core" },
  "flood-loss": { what: "packets lost in the ring at 300,000/s", target: "none" },
  "flood-counted": {
    what: "packets of floods that the daemon's counters know of, as taken or lost",
    target: "all",
  },
  "flood-log": {
    what: "lines of the log a second, flood of 100,000/s",
    target: "at most 50, and those of openings",
  },
  "kernel-flood-5000": kernelFlood("5,000"),
  "kernel-flood-20000": kernelFlood("20,000"),
  "kernel-flood-100000": kernelFlood("100,000"),
  "kernel-flood-300000": kernelFlood("300,000"),
  "kernel-cost": {
    what: "a first step in the kernel with 0, 1 and 100 doors: µs",
    target: "reported",
  },
  "kernel-garbage": {
    what: "a packet of a source that fills hash buckets, one door",
    target: "at most twice as much as without doors",
  },
  "keys-open": {
    what: "by key: from the packet to the open port: median",
    target: "under 2 ms and a sync of the disk",
    peer: "fwknopd",
  },
  "keys-client": {
    what: "by key: from the start of the client to the open port: median",
    target: "under 60 ms",
    peer: "fwknopd",
  },
  "keys-strangers": {
    what: "packets of strangers a second beside which every knock by key opens",
    target: "at least 200,000",
    peer: "fwknopd",
  },
  "keys-hints": {
    what: "knocks by key that open within three tries, sniffed hints at 50,000/s",
    target: "every one",
    peer: "fwknopd",
  },
  "keys-replays": {
    what: "exact replays a second beside which every knock by key opens",
    target: "at least 200,000",
    peer: "fwknopd",
  },
  "keys-good": {
    what: "good packets a second, from 100 keys",
    target: "at least 4,000",
    peer: "fwknopd",
  },
  "keys-memory": {
    what: "resident memory of 5,000 keys",
    target: "reported",
    peer: "fwknopd",
  },
  "keys-rest": {
    what: "wake-ups in 10 s at rest, with 100 keys",
    target: "none",
    peer: "fwknopd",
  },
  "scale-clients": {
    what: "20,000 clients complete a sequence of three within 5 s: how many were opened",
    target: "every one",
  },
  "scale-last": { what: "the last of them, after its knock", target: "within 1 s" },
  "scale-load": { what: "1,000 doors of 8 ports: from exec to listening", target: "under 1 s" },
  "scale-check": { what: "1,000 doors of 8 ports: knockctl check", target: "under 1 s" },
  "scale-cost": {
    what: "CPU a packet with 1,000 doors, beside 3 doors",
    target: "at most twice as much",
  },
  "rest-switches": { what: "context switches in 10 s at rest", target: "at most 5" },
  "rest-cpu": { what: "CPU in 10 s at rest", target: "none" },
  "rest-memory": { what: "resident memory at rest", target: "reported" },
  "rest-start": { what: "from exec to listening: median", target: "under 150 ms" },
  "light-rest": { what: "resident a minute after the start", target: "at most 45 MiB" },
  "light-rest-packaged": { what: "the same, packaged", target: "at most 50 MiB" },
  "light-own-packaged": {
    what: "written to, and the packet ring, a minute after the start, packaged",
    target: "at most 30 MiB",
  },
  "light-start": { what: "from exec to listening, unpackaged", target: "at most 70 ms" },
  "light-start-packaged": { what: "from exec to listening, packaged", target: "at most 60 ms" },
  "light-client": { what: "knock with three ports, unpackaged", target: "at most 35 ms" },
  "light-client-packaged": { what: "knock with three ports, packaged", target: "at most 32 ms" },
  "light-switches": {
    what: "context switches in the first minute after the start, idle",
    target: "at most 20",
  },
  "light-switches-packaged": { what: "the same, packaged", target: "at most 20" },
  "light-flood": { what: "resident in a flood of 300,000/s, at most", target: "at most 150 MiB" },
  "light-flood-packaged": { what: "the same, packaged", target: "at most 150 MiB" },
  "light-after": {
    what: "resident a minute after that flood",
    target: "at most a tenth more than before it",
  },
  "light-after-packaged": {
    what: "the same, packaged",
    target: "at most a tenth more than before it",
  },
  "light-lost": { what: "packets lost in the ring in that flood", target: "none" },
  "light-lost-packaged": { what: "the same, packaged", target: "none" },
  "light-package": { what: "the Debian package", target: "at most 26 MiB" },
  "scan-ascending": { what: "ascending scans of all ports: doors opened", target: "none" },
  "scan-descending": { what: "descending scans of all ports: doors opened", target: "none" },
  "scan-random": {
    what: "nmap -p- -T4 in its random order: doors of three ports opened",
    target: "less than one in 5,000 (a unit test simulates 100,000)",
  },
  "fleet-3": {
    what: "a lease at one of 3 gateways, until all know of it: p99",
    target: "under 25 ms",
    peer: "alone",
  },
  "fleet-10": {
    what: "a lease at one of 10 gateways, until all know of it: p99",
    target: "under 50 ms",
    peer: "alone",
  },
  "fleet-20": {
    what: "a lease at one of 20 gateways, until all know of it: p99",
    target: "under 100 ms",
    peer: "alone",
  },
  "fleet-rate": {
    what: "leases that one of 3 gateways shares",
    target: "at least 1,000 a second",
    peer: "alone",
  },
  "fleet-rejoin": {
    what: "a gateway that comes to 20,000 leases, until it knows them",
    target: "under 3 s",
    peer: "alone",
  },
  "fleet-local": {
    what: "time to open, native doors by the daemon: median",
    target: "at most 10 % and 0.1 ms more than alone",
    peer: "alone",
  },
  "fleet-memory": {
    what: "resident memory of a gateway",
    target: "at most 40 MiB more than alone",
    peer: "alone",
  },
} as const satisfies Readonly<Record<string, BenchTarget>>;

export type TargetId = keyof typeof targets;

/** Why a target is not met, where it is not: what limits it, and what was tried. Printed only then. */
export const limits: Partial<Record<TargetId, string>> = {
  "light-start":
    "a third of it is Node's own start, which Starts shows: as a multiple of that, the target is 2.8. The rest is Node's modules for keys, sockets, programs and " +
    "files, our own 340, and what the kernel takes for a packet ring. Files of their own for what is loaded later, and V8's code caches, have taken two " +
    "fifths off it; a snapshot of V8 gained nothing",
  "light-start-packaged": "as unpackaged; as a multiple of Node's own start, the target is 2.4",
  "light-client":
    "two thirds of it are Node's own start, which Starts shows; as a multiple of that, the target is 1.4",
  "light-client-packaged": "as unpackaged; as a multiple of Node's own start, the target is 1.3",
  "light-switches":
    "most fall into the first 3 s, in which the rehearsal runs and V8's thread optimizes it: 86 of 98 in one start, and packaged 154 of 189. " +
    "--single-threaded takes that thread away, but then V8 refuses the code caches of Node's own modules, and the start takes 25 ms more",
  "light-switches-packaged": "as unpackaged",
  "light-after-packaged": "some 4 MiB stay; what they are is not known in detail",
  "open-command":
    "iptables alone takes 1.7 to 2.2 ms of it when it has the machine to itself; the rest is what a native door takes, too, and the " +
    "journal on the disk. posix_spawn instead of Node's fork, no shell where none is needed, and no text before the command have more than halved it",
  "open-native":
    "measured inside the daemon: 0.1 ms until it wakes up, 0.55 ms for three packets and a grant, 0.04 ms in nf_tables. What takes the " +
    "time are the processor's caches, which hold nothing of the daemon after a pause: with a knock each 3 ms instead of each 100 the median is " +
    "0.4 ms. Less code did help; V8's flags, large pages and a smaller heap did not, and to keep them warm it would have to wake up for nothing",
  "open-native-p99":
    "V8 lets code go that lay idle, and a door that opens after a pause runs it anew; the rehearsal at the start has cut the worst by ten",
  "keys-open":
    "the checks of a packet take 0.15 ms one after another (npm run bench:micro), the sync of the disk what is said beside it, and what " +
    "a native door takes comes on top: after a pause, the processor's caches hold nothing of all that",
  "keys-client": "more than half of it is the client's own start, and most of that Node's",
  "fleet-local":
    "the door opens before the fleet hears of it. Beside the two, a door with fleet = no in the same daemon: 240 knocks of each took 2.1 ms alone, " +
    "2.4 with fleet = no, 2.7 shared. What the daemon does between two knocks leaves less of the next one in the processor's caches; this is not proven",
  "flood-median":
    "at the highest rate two processors are full: generator, kernel and daemon wait for one another, and a command for sh and iptables besides",
};

/** What was measured. */
export interface Finding {
  readonly ours: string;
  readonly theirs?: string;
  /** How many times better or worse. */
  readonly ratio?: string;
  /** Absent where nothing is required. */
  readonly met?: boolean;
  readonly note?: string;
}

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly note?: string;
}

/** What one part of the bench has to say. */
export interface ReportPart {
  readonly findings: Partial<Record<TargetId, Finding>>;
  readonly tables: readonly Table[];
  /** Knocks at Sesame that did not open, and whatever else makes the figures worthless: a sentence each. */
  readonly failures: readonly string[];
}

/** The words on each part. */
export interface Course {
  /** The short form. */
  readonly quick: boolean;
  /** Shows the current step on the terminal. */
  readonly progress: (text: string) => void;
}
