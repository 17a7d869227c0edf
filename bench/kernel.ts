// Doors that the kernel opens by itself: floods of first steps, and what a packet costs.
import { measureKernelCosts } from "./kernel-cost.ts";
import { measureKernelFloods } from "./kernel-flood.ts";
import { mergeParts } from "./report.ts";
import type { Course, ReportPart } from "./targets.ts";
import type { BenchTestBed } from "./test-bed.ts";

export async function measureKernel(stage: BenchTestBed, course: Course): Promise<ReportPart> {
  const floods = await measureKernelFloods(stage, course);
  return mergeParts([floods, await measureKernelCosts(stage, course)]);
}
