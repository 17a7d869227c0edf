import type { KeyProfile } from "../../client/profile.ts";

/** Returns why a server that answers nothing may have refused a knock by key, the most frequent reason first. */
export function keyHints({ knockPort, openedAddress = "auto" }: KeyProfile, now: Date): string[] {
  const clock = now.toISOString().replace("T", " ").replace(/\..*/, " UTC");
  const address =
    openedAddress === "auto"
      ? "behind a VPN or a second router: 'Address any' opens for the address that the server sees"
      : `the packet asks for another address than the server sees: Address is ${openedAddress}`;
  return [
    `a firewall or network on the way may drop UDP port ${knockPort}`,
    `this clock says ${clock}: a server refuses packets from a clock 2 minutes off, by default`,
    ...(openedAddress === "any" ? [] : [address]),
    "the key may be removed, disabled or expired, or not allowed to open this door",
    "on the server, knockctl user watch PERSON/DEVICE says which check refuses; --retry 3 knocks again",
  ];
}
