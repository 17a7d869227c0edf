import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { clientsNamed } from "../clients/catalogue.ts";
import type { Client } from "../clients/client.ts";
import { commandLine, environment } from "../clients/client.ts";
import type { LiveHost } from "./host.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";

const root = join(import.meta.dirname, "../..");
const tutorial = join(root, "examples/tutorial.conf");

/** The slow ones first: only a few run at once. */
const clients = clientsNamed(
  "telnet, given up after a second",
  "nc -z -w1",
  "hping3, TCP",
  "nmap, a port a call",
  "Debian's knock",
  "knock",
);

const openSSH = ["1111", "2222", "3333"];
const closeSSH = ["3333", "2222", "1111"];
const openICMP = ["1212", "1313", "1414"];
const closeICMP = ["1515", "1616", "1717"];

/** The tutorial with a command for IPv6 beside each of its own. */
function withIPv6(text: string): string {
  return text.replace(/^(\s*)command( +=.*)$/gm, (line, indent: string, rest: string) => {
    const command6 = rest.replace("/iptables", "/ip6tables").replaceAll("icmp", "icmpv6");
    return `${line}\n${indent}command_6${command6}`;
  });
}

/** Drops port 22 and pings; and the ports of the knocks, too, unless they are to be refused. */
async function shut(server: LiveHost, knocks: "dropped" | "refused"): Promise<void> {
  await server.listen(22);
  for (const [table, icmp] of [
    ["iptables", "icmp"],
    ["ip6tables", "icmpv6"],
  ] as const) {
    if (table === "ip6tables" && !LiveNetwork.hasIPv6) continue;
    const drop = async (...match: string[]) => {
      await server.run([table, "-A", "INPUT", ...match, "-j", "DROP"]);
    };
    await drop("-p", "tcp", "--dport", "22");
    await drop("-p", icmp, `--${icmp}-type`, "echo-request");
    if (knocks === "dropped") await drop("-p", "tcp", "--dport", "1111:3333");
  }
}

describe.skipIf(needs()).each(["dropped", "refused"] as const)(
  "the tutorial's doors, their ports %s",
  (knocks) => {
    let network: LiveNetwork;
    let folder: string;
    const daemons = new Map<4 | 6, Process>();
    const name = (client: Client) => client.name.replace(/\W/g, "");

    beforeAll(async () => {
      // A server for the tutorial as it is, and one for it with IPv6.
      network = await LiveNetwork.open(["server4", "server6", "stranger", ...clients.map(name)]);
      folder = await mkdtemp(join(tmpdir(), "tutorial-"));
      const config6 = join(folder, "6.conf");
      await writeFile(config6, withIPv6(await readFile(tutorial, "utf8")));
      for (const [family, config] of [
        [4, tutorial],
        [6, config6],
      ] as const) {
        const server = network.host(`server${family}`);
        await shut(server, knocks);
        const log = join(folder, `${family}.log`);
        const daemon = server.start([join(root, "bin/knockd"), "-v", "-c", config, "-g", log]);
        await daemon.waitFor(/^listening on/m);
        daemons.set(family, daemon);
      }
    });
    afterAll(async () => {
      await network?.close();
      await rm(folder, { recursive: true, force: true });
    });

    const cases = clients.flatMap((client) =>
      ([4, 6] as const)
        .filter((family) => client.fails?.(knocks, family) === undefined)
        .map((family) => [`${client.name} over IPv${family}`, client, family] as const),
    );

    // All at once: they must not disturb one another.
    test.concurrent.for(cases)(
      "%s opens ssh and ping for itself alone, and closes them again",
      async ([, client, family], { expect, skip }) => {
        const lacking = needs(...client.programs);
        skip(lacking !== undefined, lacking);
        skip(family === 6 && !LiveNetwork.hasIPv6, "this kernel has no IPv6");
        const host = network.host(name(client));
        const stranger = network.host("stranger");
        const own = (of: LiveHost) => (family === 6 ? of.address6 : of.address);
        const server = own(network.host(`server${family}`));
        const knock = async (ports: readonly string[], door: string) => {
          const line = ["bash", "-c", commandLine(client, server, ports)];
          await host.run(line, { ok: "any", timeout: 45_000, env: environment(client) });
          const opening = new RegExp(`^${own(host)}: ${door}: OPEN SESAME`, "m");
          await daemons.get(family)?.waitFor(opening);
        };
        const connects = (from: LiveHost) => from.canConnect(server, 22);
        const patience = { timeout: 30_000 };

        expect(await connects(host)).toBe("silent");
        await knock(openSSH, "openSSH");
        await expect.poll(() => connects(host), patience).toBe("open");
        expect(await connects(stranger)).toBe("silent");
        expect(await host.pings(server)).toBe(false);
        await knock(closeSSH, "closeSSH");
        await expect.poll(() => connects(host), patience).toBe("silent");

        await knock(openICMP, "openICMP");
        await expect.poll(() => host.pings(server), patience).toBe(true);
        expect(await stranger.pings(server)).toBe(false);
        expect(await connects(host)).toBe("silent");
        await knock(closeICMP, "closeICMP");
        await expect.poll(() => host.pings(server), patience).toBe(false);
      },
    );
  },
);
