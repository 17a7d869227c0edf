// Port scans of everything: which doors they open. Each scan comes from another address.
import { setTimeout as sleep } from "node:timers/promises";
import type { DaemonName } from "./daemon.ts";
import { BenchDaemon } from "./daemon.ts";
import { figure } from "./statistics.ts";
import { addressText } from "./syn.ts";
import type { Course, ReportPart } from "./targets.ts";
import type { BenchTestBed } from "./test-bed.ts";
import { ownClients, serverAddresses } from "./test-bed.ts";
import { send } from "./traffic.ts";

/** In parts of the port range of their own: knockd lets no other door's port come between. */
const doors = {
  "three ascending": [7003, 8455, 9140],
  "two ascending": [12_003, 12_455],
  "three descending": [19_140, 18_455, 17_003],
  "two descending": [22_455, 22_003],
  "three mixed": [27_003, 29_140, 28_455],
} as const;

type ScanDoorName = keyof typeof doors;

const config = Object.entries(doors)
  .map(
    ([name, ports]) =>
      `[${name.replace(" ", "-")}]\nsequence = ${ports.join(",")}\ntcpflags = syn\ncommand = :\n`,
  )
  .join("");

const allPorts = Array.from({ length: 65_535 }, (_, i) => i + 1);
const fast = [
  "nmap",
  "-sS",
  "-n",
  "-Pn",
  "-p-",
  "-T4",
  "--max-retries",
  "0",
  "--min-rate",
  "20000",
];

interface BenchScan {
  readonly label: string;
  readonly order: "ascending" | "descending" | "random";
  /** By whom it is done: our generator, in this order, or nmap with these options. */
  readonly ports?: readonly number[];
  readonly options?: readonly string[];
}

const byHand: readonly BenchScan[] = [
  { label: "ascending", order: "ascending", ports: allPorts },
  { label: "descending", order: "descending", ports: allPorts.toReversed() },
];
const inOrder: BenchScan = { label: "nmap -p- -T4 -r", order: "ascending", options: ["-r"] };
const random: BenchScan = { label: "nmap -p- -T4", order: "random", options: [] };

export async function measureScans(
  stage: BenchTestBed,
  { quick, progress }: Course,
): Promise<ReportPart> {
  const scans = [...byHand, inOrder, ...Array.from({ length: quick ? 1 : 5 }, () => random)];
  const opened: Record<DaemonName, Map<BenchScan, string[]>> = {
    sesame: new Map(),
    knockd: new Map(),
  };
  await stage.shut("by rules");
  for (const [i, scan] of scans.entries()) {
    for (const name of ["sesame", "knockd"] as const) {
      progress(`scan ${i + 1} of ${scans.length}, ${scan.label}: ${name}`);
      const found = await play(stage, name, scan, addressText(ownClients + i));
      opened[name].set(scan, [...(opened[name].get(scan) ?? []), ...found]);
    }
  }
  const count = (name: DaemonName, order: BenchScan["order"]) => {
    const found = [...opened[name]].filter(([scan]) => scan.order === order);
    return found.flatMap(([, names]) => names).length;
  };
  const threes = [...(opened.sesame.get(random) ?? [])].filter((name) => name.startsWith("three"));
  const finding = (order: BenchScan["order"]) => ({
    ours: figure(count("sesame", order)),
    theirs: figure(count("knockd", order)),
    met: count("sesame", order) === 0,
  });
  return {
    findings: {
      "scan-ascending": finding("ascending"),
      "scan-descending": finding("descending"),
      "scan-random": {
        ours: `${threes.length} in ${scans.filter((scan) => scan === random).length} scans`,
        theirs: `${(opened.knockd.get(random) ?? []).filter((name) => name.startsWith("three")).length}`,
        met: threes.length === 0,
        note: "so few scans can only show what is very wrong",
      },
    },
    tables: [
      {
        title: "Doors that scans of all 65,535 ports opened",
        head: ["scan", "Sesame", "knockd"],
        rows: [...new Set(scans)].map((scan) => [
          scan === random ? `${scan.label}, ${scans.length - 3} times` : scan.label,
          opened.sesame.get(scan)?.join(", ") || "none",
          opened.knockd.get(scan)?.join(", ") || "none",
        ]),
        note: "nmap with `--max-retries 0 --min-rate 20000 -Pn -n`, so that it ends within seconds; SYNs by hand at 20,000/s.",
      },
    ],
    failures: [],
  };
}

/** The doors that it opened. */
async function play(
  stage: BenchTestBed,
  name: DaemonName,
  scan: BenchScan,
  source: string,
): Promise<string[]> {
  const daemon = await BenchDaemon.start(name, stage, config);
  try {
    if (scan.ports !== undefined) {
      const count = scan.ports.length;
      await send(stage, { kind: "scan", ports: scan.ports, rate: 20_000, count, source });
    } else {
      const [server] = serverAddresses;
      await stage.comeFrom(source, server);
      const argv = [...fast, ...(scan.options ?? []), server];
      await stage.client.run(argv, { timeout: 120_000 });
    }
    await sleep(500);
    const { openings } = await daemon.readLog();
    return openings.map((text) => (text.split(" ")[0] ?? "").replace("-", " ") as ScanDoorName);
  } finally {
    await daemon.stop();
  }
}
