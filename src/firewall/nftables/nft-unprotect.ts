import { loadRuleset } from "./nft-command.ts";
import { unprotectRulesets } from "./nft-ruleset.ts";

/** Ends the protection by our table and removes the doors from the kernel; what is open stays. Throws FIREWALL. */
export async function unprotectTable(table: string): Promise<void> {
  const [best, last] = unprotectRulesets(table);
  try {
    await loadRuleset(best, () => {});
  } catch {
    // A table of another version, or a kernel that does not know doors: only the protection counts.
    await loadRuleset(last, () => {});
  }
}
