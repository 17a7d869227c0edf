import { Nfnetlink } from "../../ffi/nfnetlink.ts";
import { runtimeDirectory } from "../../system/state-files.ts";
import { listDoorSets } from "./door-sets.ts";
import type { DoorSet } from "./kernel-sets.ts";
import { removalOfDoors } from "./kernel-sets.ts";
import { removalOfRouted } from "./nft-behind.ts";
import { loadRuleset } from "./nft-command.ts";
import { tryTableLock } from "./table-lock.ts";

/**
 * Returns texts for `nft -f FILE`, the best first, that drop nothing any more, whatever is in our table. What is
 * open stays. The second one leaves the sets of doors, for a chain that forwards may ask them. The last one leaves
 * all else as it is, too: it works with tables of other versions of this program.
 */
export function unprotectRulesets(table: string, doorSets: readonly DoorSet[]): readonly string[] {
  const lines = [
    `table inet ${table} {`,
    "\tchain protect { }",
    "}",
    `flush chain inet ${table} protect`,
    `delete chain inet ${table} protect`,
    ...removalOfRouted(table),
  ];
  const plain = `${lines.join("\n")}\n`;
  const removals = [doorSets, []].map((sets) => removalOfDoors(table, sets).join("\n"));
  return [...removals.map((removal) => `${plain}${removal}\n`), plain];
}

/** Ends the protection by our table and removes the doors from the kernel; what is open stays. Throws FIREWALL. */
export async function unprotectTable(table: string): Promise<void> {
  let failure: unknown;
  for (const ruleset of unprotectRulesets(table, findDoorSets(table))) {
    try {
      return await loadRuleset(ruleset, () => {});
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/**
 * Removes a table of an earlier configuration with all that is open, unless a daemon uses it. Returns whether there
 * was one. Throws FIREWALL.
 */
export async function removeTable(table: string): Promise<boolean> {
  const lock = tryTableLock(runtimeDirectory, table);
  if (lock === undefined) return false;
  const kernel = new Nfnetlink();
  try {
    // A table that has not our sets is another program's.
    if (!kernel.listSets(table).includes("protected")) return false;
    await loadRuleset(`table inet ${table}\ndelete table inet ${table}\n`, () => {});
    return true;
  } finally {
    kernel.close();
    lock.release();
  }
}

/** Returns whether a table has neither the chain that protects nor sets; false where the kernel does not tell. */
export function protectsNothing(table: string): boolean {
  let kernel: Nfnetlink | undefined;
  try {
    kernel = new Nfnetlink();
    return kernel.findChain(table, "protect") === undefined && kernel.listSets(table).length === 0;
  } catch {
    return false;
  } finally {
    kernel?.close();
  }
}

/** None where the kernel does not tell: then the protection ends all the same. */
function findDoorSets(table: string): readonly DoorSet[] {
  let kernel: Nfnetlink | undefined;
  try {
    kernel = new Nfnetlink();
    return listDoorSets(kernel, table);
  } catch {
    return [];
  } finally {
    kernel?.close();
  }
}
