// Knocks by key, beside Debian's fwknopd.
import { needs } from "../test/live/requirements.ts";
import { fwknopKeys, sesameFwknop } from "./fwknop-keys.ts";
import { measureKeyFloods } from "./key-flood.ts";
import { measureKeyOpening } from "./key-open.ts";
import type { KeyPeer } from "./key-peer.ts";
import { measureKeyRate } from "./key-rate.ts";
import { measureKeyRest } from "./key-rest.ts";
import { mergeParts, partOrFailure } from "./report.ts";
import { sesameKeys } from "./sesame-keys.ts";
import type { Course, ReportPart } from "./targets.ts";
import type { BenchTestBed } from "./test-bed.ts";

/** Sesame, and fwknopd where it can be had. */
export function findKeyPeers(): readonly KeyPeer[] {
  return needs("fwknopd", "fwknop") === undefined ? [sesameKeys, fwknopKeys] : [sesameKeys];
}

export async function measureKeys(stage: BenchTestBed, course: Course): Promise<ReportPart> {
  return await measureAll(stage, findKeyPeers(), course);
}

/** The packets of fwknop's clients, at Sesame and at fwknopd: always the short course. */
export async function measureFwknop(stage: BenchTestBed, course: Course): Promise<ReportPart> {
  const others = findKeyPeers().filter((peer) => peer !== sesameKeys);
  if (others.length === 0) return { findings: {}, tables: [], failures: [] };
  const part = await measureAll(stage, [sesameFwknop, ...others], { ...course, quick: true });
  const tables = part.tables.map((one) => ({ ...one, title: `Packets of fwknop: ${one.title}` }));
  // The findings are about Sesame's own packets.
  return { ...part, findings: {}, tables };
}

async function measureAll(
  stage: BenchTestBed,
  peers: readonly KeyPeer[],
  course: Course,
): Promise<ReportPart> {
  const measurements = { measureKeyOpening, measureKeyFloods, measureKeyRate, measureKeyRest };
  const parts: ReportPart[] = [];
  for (const [name, measure] of Object.entries(measurements)) {
    parts.push(await partOrFailure(name, () => measure(stage, peers, course)));
  }
  return mergeParts(parts);
}
