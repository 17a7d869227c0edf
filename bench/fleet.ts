// What a fleet costs: gateways around a store, and a gateway with one beside the same without.
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { RedisServer } from "../test/live/redis-server.ts";
import { BenchDaemon } from "./daemon.ts";
import { daemonDoor, sequence } from "./doors.ts";
import type { FleetFigures, FleetLoad } from "./fleet-figures.ts";
import { measureLoad, measureSizes, onPaper } from "./fleet-figures.ts";
import { Prober } from "./prober.ts";
import { figure, median, quantile, spread, times } from "./statistics.ts";
import type { Course, ReportPart, Table } from "./targets.ts";
import type { BenchTestBed } from "./test-bed.ts";
import { clientNetwork, doorPort, serverAddresses } from "./test-bed.ts";

const sizes = [3, 10, 20] as const;

/** SYNs that look for the open port go out this often: milliseconds. */
const pace = 0.1;

/** A gateway with the fleet, or without: one figure a knock, and one a start. */
interface LocalFigures {
  readonly times: number[];
  readonly memory: number[];
  shut: number;
}

export async function measureFleet(stage: BenchTestBed, course: Course): Promise<ReportPart> {
  const local = await measureLocal(stage, course);
  const figures = await measureSizes(sizes, course);
  const load = await measureLoad(course);
  return report(figures, load, local);
}

async function measureLocal(
  stage: BenchTestBed,
  { quick, progress }: Course,
): Promise<readonly [alone: LocalFigures, fleet: LocalFigures]> {
  const alone: LocalFigures = { times: [], memory: [], shut: 0 };
  const fleet: LocalFigures = { times: [], memory: [], shut: 0 };
  const [rounds, each] = quick ? [2, 6] : [4, 25];
  const store = await RedisServer.start();
  const keys = store.folder.at("fleet");
  writeFileSync(keys, `key = ${randomBytes(32).toString("base64")}\n`, { mode: 0o600 });
  const options = `Fleet = redis+unix://${store.folder.at("redis.sock")}\nFleetFile = ${keys}\n`;
  const prober = new Prober(stage, serverAddresses[0]);
  let source = clientNetwork;
  try {
    for (let round = 1; round <= rounds; round++) {
      for (const [label, kind, doors] of [
        ["alone", alone, daemonDoor],
        ["in a fleet", fleet, `${options}${daemonDoor}`],
      ] as const) {
        progress(`time to open, ${label}, round ${round} of ${rounds}`);
        await stage.shut("by Sesame");
        const daemon = await BenchDaemon.start("sesame", stage, doors);
        try {
          await sleep(2_000);
          for (let i = 0; i < each; i++) {
            const knock = { source: ++source, port: doorPort, patience: 1_000 };
            const { time } = prober.knock(sequence, knock, pace);
            if (time === undefined) kind.shut++;
            else kind.times.push(time);
            await sleep(60 + Math.random() * 80);
          }
          kind.memory.push(daemon.usage().resident / 1_024);
        } finally {
          await daemon.stop();
        }
      }
    }
    // Else the daemon has spoken to no store.
    const heard = Number(await store.cli("exists", "sesame:{default}:gateways"));
    if (heard !== 1) throw new Error("the gateway did not join the fleet");
    return [alone, fleet];
  } finally {
    prober.close();
    await store.close();
  }
}

function report(
  figures: readonly FleetFigures[],
  load: FleetLoad,
  [alone, fleet]: readonly [LocalFigures, LocalFigures],
): ReportPart {
  const [ours, theirs] = [median(fleet.times), median(alone.times)];
  const memory = median(fleet.memory) - median(alone.memory);
  const worst = (size: number) =>
    quantile(figures.find(({ gateways }) => gateways === size)?.delays ?? [], 0.99);
  const delay = (size: number, most: number) => ({
    ours: figure(worst(size), "ms"),
    met: worst(size) < most,
  });
  return {
    findings: {
      "fleet-3": delay(3, 25),
      "fleet-10": delay(10, 50),
      "fleet-20": delay(20, 100),
      "fleet-rate": {
        ours: spread(load.rates, "/s"),
        met: median(load.rates) >= 1_000,
      },
      "fleet-rejoin": {
        ours: spread(load.rejoins, "ms"),
        met: median(load.rejoins) < 3_000,
      },
      "fleet-local": {
        ours: figure(ours, "ms"),
        theirs: figure(theirs, "ms"),
        ratio: times(ours, theirs),
        met: ours <= theirs * 1.1 + 0.1,
      },
      "fleet-memory": {
        ours: figure(median(fleet.memory), "MiB"),
        theirs: figure(median(alone.memory), "MiB"),
        met: memory <= 40,
      },
    },
    tables: [...tablesOf(figures, load), localTable(alone, fleet)],
    failures: [alone, fleet].flatMap(({ shut }) =>
      shut === 0 ? [] : [`fleet: ${shut} knocks did not open a door`],
    ),
  };
}

function tablesOf(figures: readonly FleetFigures[], load: FleetLoad): readonly Table[] {
  return [
    {
      title: "A lease at one gateway of a fleet, until all others know of it",
      head: [
        "gateways",
        "leases",
        "median",
        "p99",
        "most",
        "store, CPU a lease",
        "gateway, CPU a lease",
      ],
      rows: figures.map(({ gateways, delays, storeCost, gatewayCost }) => [
        ...[String(gateways), String(delays.length), figure(median(delays), "ms")],
        ...[figure(quantile(delays, 0.99), "ms"), figure(Math.max(...delays), "ms")],
        ...[figure(storeCost, "µs"), figure(gatewayCost, "µs")],
      ]),
      note:
        "Each gateway is a process of its own, and all share the machine with the store: many gateways wait for " +
        "processors that they would not share. CPU includes heartbeats and looks at the log. What a gateway does " +
        "with what it hears, a rule in its kernel, is in the time to open.",
    },
    {
      title: "Many leases in a fleet of three",
      head: ["leases", "told to all", "a gateway that comes to them", "a record", "the store"],
      rows: [
        [
          figure(load.leases),
          spread(load.rates, "/s"),
          spread(load.rejoins, "ms"),
          figure(load.recordBytes, "bytes"),
          figure(load.storeBytes / 2 ** 20, "MiB"),
        ],
      ],
    },
    {
      title: "300 gateways, on paper",
      head: ["", "by the figures above"],
      rows: onPaper(figures, load),
      note:
        "Nothing of this was measured. It assumes that the store's work for a lease grows by the same amount with " +
        "each gateway, as it does from 3 to 20; that each gateway has processors of its own; that the network " +
        "takes what the store sends; and 60 bytes of framing for each record. One store serves no 10,000 leases a " +
        "second to 300 gateways: what is too much waits as state, one record for each holder.",
    },
  ];
}

function localTable(alone: LocalFigures, fleet: LocalFigures): Table {
  return {
    title: "Time to open a native door by the daemon, with a fleet and without",
    head: ["", "opened", "median", "middle half", "p99", "memory"],
    rows: [["alone", alone] as const, ["in a fleet", fleet] as const].map(
      ([label, { times: found, memory, shut }]) => [
        label,
        `${found.length} of ${found.length + shut}`,
        figure(median(found), "ms"),
        `${figure(quantile(found, 0.25))}..${figure(quantile(found, 0.75))}`,
        figure(quantile(found, 0.99), "ms"),
        spread(memory, "MiB"),
      ],
    ),
  };
}
