import type { Address } from "../../../base/address.ts";
import { parseAddress } from "../../../base/address.ts";
import { runProgram } from "../../../system/run-program.ts";

/** The most addresses to offer. */
const most = 3;

/** Milliseconds: without the answer the administrator types the address. */
const timeout = 2000;

/** Returns the addresses of those who are logged in, then of the last log-ins; none where the system does not tell. */
export async function recentLogins(): Promise<readonly Address[]> {
  const texts = await Promise.all([
    runProgram(["who", "--ips"], { timeout }),
    runProgram(["last", "-i", "-w", "-n", "20"], { timeout }),
  ]);
  return findAddresses(texts.map(({ stdout }) => stdout).join("\n"));
}

/** Returns the first different addresses of a text, without those of this host itself. */
export function findAddresses(text: string): readonly Address[] {
  const found = new Map<string, Address>();
  for (const word of text.split(/[\s()]+/)) {
    const address = /[.:]/.test(word) ? parseAddress(word) : undefined;
    const name = String(address);
    if (address === undefined || /^(?:127\.|0\.0\.0\.0$|::1?$)/.test(name)) continue;
    found.set(name, address);
  }
  return [...found.values()].slice(0, most);
}
