import type { LiveHost } from "./host.ts";
import { LiveNetwork } from "./network.ts";
import { run } from "./run.ts";

const rules = `table inet nat {
  chain postrouting {
    type nat hook postrouting priority srcnat
    oifname "eth0" masquerade
  }
}
`;

/**
 * Moves hosts to a network of their own, 10.78.0.0/24 and fd78::/64. The router translates their
 * addresses to its own, of both families. The network has a switch, so that the hosts are neighbours.
 */
export async function hideBehind(router: LiveHost, hosts: readonly LiveHost[]): Promise<void> {
  const families = LiveNetwork.hasIPv6 ? ([4, 6] as const) : ([4] as const);
  const addressAt = { 4: (n: number) => `10.78.0.${n}`, 6: (n: number) => `fd78::${n}` };
  await router.ip("link", "add", "lan", "type", "bridge", "stp_state", "0", "forward_delay", "0");
  await router.ip("link", "set", "lan", "up");
  const assign = async (host: LiveHost, n: number) => {
    for (const family of families) {
      const address = family === 4 ? [`${addressAt[4](n)}/24`] : [`${addressAt[6](n)}/64`, "nodad"];
      await host.ip("address", "add", ...address, "dev", "lan");
    }
  };
  await assign(router, 1);
  for (const [i, host] of hosts.entries()) {
    const port = `lan${i}`;
    const far = ["peer", "name", "lan", "netns", host.namespace];
    await run(["ip", "-n", router.namespace, "link", "add", port, "type", "veth", ...far]);
    await router.ip("link", "set", port, "master", "lan", "up");
    await host.ip("link", "set", "eth0", "down");
    await host.ip("link", "set", "lan", "up");
    await assign(host, i + 2);
    for (const family of families) {
      await host.ip(`-${family}`, "route", "add", "default", "via", addressAt[family](1));
    }
  }
  const forwarding = ["net.ipv4.ip_forward=1"];
  if (LiveNetwork.hasIPv6) forwarding.push("net.ipv6.conf.all.forwarding=1");
  await router.run(["sysctl", "-qw", ...forwarding]);
  await router.run(["nft", "-f", "-"], { input: rules });
}
