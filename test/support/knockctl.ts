import { main } from "../../src/cli/knockctl.ts";
import type { Printed } from "./run-main.ts";
import { runMain } from "./run-main.ts";

/** Runs knockctl in this process. */
export function knockctl(...args: readonly string[]): Promise<Printed> {
  return runMain("knockctl", main, args);
}

/** Runs knockctl in this process as if a terminal of this width showed what it prints. */
export function knockctlAt(columns: number, ...args: readonly string[]): Promise<Printed> {
  return runMain("knockctl", main, args, { columns });
}
