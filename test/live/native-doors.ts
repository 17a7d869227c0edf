// What tests ask of native doors beside what the daemon does, for a source and its services.
import { expect } from "vitest";
import type { Address } from "../../src/base/address.ts";
import type { Service } from "../../src/base/service.ts";
import type { NativeBackend } from "../../src/firewall/backend.ts";
import { byKernel } from "../support/accesses.ts";
import { run } from "./run.ts";

/** Opens services for a source, for so many milliseconds. */
export async function openDoor(
  firewall: NativeBackend,
  source: Address,
  services: readonly Service[],
  milliseconds: number,
): Promise<void> {
  const access = byKernel({ source }, { services });
  expect(await firewall.open(access, milliseconds)).toEqual({ kind: "done" });
}

export async function closeDoor(
  firewall: NativeBackend,
  source: Address,
  services: readonly Service[],
): Promise<void> {
  expect(await firewall.close(byKernel({ source }, { services }))).toEqual({ kind: "done" });
}

/** Releases the firewall and removes its table with all that is open. */
export async function removeTable(firewall: NativeBackend, table = "sesame"): Promise<void> {
  await firewall.release();
  await run(["nft", `table inet ${table} { }; delete table inet ${table}`]);
}
