import type { LightFigures } from "./light-figures.ts";
import { features, nodeAlone } from "./light-figures.ts";
import { figure, median, spread, times } from "./statistics.ts";
import type { Finding, ReportPart, Table, TargetId } from "./targets.ts";

const MiB = 1 / 1_024;

/** Says what was found, and that a program was not there. */
export function reportLight(figures: LightFigures): ReportPart {
  return {
    findings: findingsOf(figures),
    tables: [startTable(figures), minuteTable(figures), sizeTable(figures)],
    failures: [],
  };
}

function findingsOf(figures: LightFigures): Partial<Record<TargetId, Finding>> {
  const { installations, minutes, starts, clients, floods } = figures;
  const size = installations.find(({ label }) => label === "packaged")?.size;
  const resident = (label: string) => minutes.of(label).map((one) => one.resident * MiB);
  const own = (label: string) => minutes.of(label).map((one) => one.own * MiB);
  const switches = (label: string) => minutes.of(label).map((one) => one.switches);
  const most = (label: string) => floods.of(label).map((one) => one.most * MiB);
  const after = (label: string) => floods.of(label).map((one) => one.minuteAfter * MiB);
  const lost = (label: string) => floods.of(label).flatMap((one) => one.lost ?? []);
  const before = (label: string) => floods.of(label).map((one) => one.before * MiB);
  const compare = (
    of: (label: string) => readonly number[],
    label: string,
    limit: number,
    unit: string,
  ) => finding(of(label), of("knockd"), limit, unit);
  const findings = {
    "light-rest": compare(resident, "unpackaged", 45, "MiB"),
    "light-rest-packaged": compare(resident, "packaged", 50, "MiB"),
    "light-own-packaged": compare(own, "packaged", 30, "MiB"),
    "light-start": compare((label) => starts.of(label), "unpackaged", 70, "ms"),
    "light-start-packaged": compare((label) => starts.of(label), "packaged", 60, "ms"),
    "light-client": compare((label) => clients.of(label), "unpackaged", 35, "ms"),
    "light-client-packaged": compare((label) => clients.of(label), "packaged", 32, "ms"),
    "light-switches": compare(switches, "unpackaged", 20, ""),
    "light-switches-packaged": compare(switches, "packaged", 20, ""),
    "light-flood": compare(most, "unpackaged", 150, "MiB"),
    "light-flood-packaged": compare(most, "packaged", 150, "MiB"),
    "light-after": compare(after, "unpackaged", median(before("unpackaged")) * 1.1, "MiB"),
    "light-after-packaged": compare(after, "packaged", median(before("packaged")) * 1.1, "MiB"),
    "light-lost": compare(lost, "unpackaged", 0, ""),
    "light-lost-packaged": compare(lost, "packaged", 0, ""),
    "light-package": finding(size === undefined ? [] : [size / 2 ** 20], [], 26, "MiB"),
  } satisfies Partial<Record<TargetId, Finding | undefined>>;
  return Object.fromEntries(Object.entries(findings).filter(([, found]) => found !== undefined));
}

/** `undefined` if nothing was measured: the target table says so. */
function finding(
  ours: readonly number[],
  theirs: readonly number[],
  limit: number,
  unit: string,
): Finding | undefined {
  if (ours.length === 0) return undefined;
  const [our, their] = [median(ours), median(theirs)];
  const peer =
    theirs.length === 0 ? {} : { theirs: spread(theirs, unit), ratio: times(our, their) };
  return { ours: spread(ours, unit), ...peer, met: our <= limit };
}

function startTable({ installations, starts, clients }: LightFigures): Table {
  return {
    title: "Starts",
    head: ["", "from exec to listening, ms", "client with three ports, from exec to exit, ms"],
    rows: [...installations.map(({ label }) => label), nodeAlone].map((label) => [
      label,
      spread(starts.of(label)),
      spread(clients.of(label)),
    ]),
    note: "In turn. Node.js alone runs an empty program: where that takes 25 ms, the targets were set.",
  };
}

/** Every run, so that a reader sees how they differ. */
function minuteTable({ installations, minutes }: LightFigures): Table {
  const names = [
    ...installations.map(({ label }) => [label, label] as const),
    ...features.map((feature) => [feature, `unpackaged, with ${feature}`] as const),
  ];
  const each = (values: readonly number[]) =>
    values.map((value) => figure(value)).join(", ") || "not measured";
  return {
    title: "A minute after the start",
    head: [
      "",
      "resident, MiB",
      "own: written to, and rings, MiB",
      "context switches since it listened",
    ],
    rows: names.map(([label, name]) => [
      name,
      each(minutes.of(label).map(({ resident }) => resident * MiB)),
      each(minutes.of(label).map(({ own }) => own * MiB)),
      each(minutes.of(label).map(({ switches }) => switches)),
    ]),
    note:
      "Each run; they are started a few seconds after one another. Half of what an idle Sesame is without are pages of Node's file, which the kernel " +
      "maps again from its page cache, and a control group goes on counting there. What is returned for good shows in the second column.",
  };
}

function sizeTable({ sizes, installations }: LightFigures): Table {
  const unpacked = installations.find(({ label }) => label === "packaged")?.unpackedSize;
  return {
    title: "Packages",
    head: ["", "download, MiB"],
    rows: sizes.map(({ name, bytes }) => [name, figure(bytes * MiB * MiB)]),
    ...(unpacked !== undefined && {
      note: `The Debian package takes ${figure(unpacked * MiB * MiB)} MiB on the disk.`,
    }),
  };
}
