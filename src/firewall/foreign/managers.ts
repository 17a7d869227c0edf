import type { FilterTable } from "./ruleset.ts";

/** The programs that own rules by the names of their chains and tables. */
const marks: readonly (readonly [name: string, table: RegExp, chain: RegExp])[] = [
  ["ufw", /^$/, /^ufw6?-/],
  ["firewalld", /^firewalld/, /^(?:filter_)?IN_(?:public|drop|block|dmz|trusted)/],
  ["docker", /^docker/, /^DOCKER/],
  ["fail2ban", /^f2b-/, /^f2b-/],
  ["libvirt", /^libvirt/, /^LIBVIRT_/],
  ["kube-proxy", /^kube-proxy/, /^KUBE-/],
];

/** Returns the firewall managers whose rules are in these tables. Pure. */
export function findManagers(tables: readonly FilterTable[]): string[] {
  return marks
    .filter(([, table, chain]) =>
      tables.some(
        ({ name, chains }) => table.test(name) || [...chains.keys()].some((one) => chain.test(one)),
      ),
    )
    .map(([name]) => name);
}
