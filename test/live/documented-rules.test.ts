// The iptables rules that the documents give for doors of commands, on real packets.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import { dialTcp, resetTcp } from "./session.ts";

const root = join(import.meta.dirname, "../..");
const documents = ["docs/from-knockd.md", "docs/first-server.md"];

/** Returns the rules for port 22 that a document appends, in its order. */
function rulesOf(document: string): string[] {
  const text = readFileSync(join(root, document), "utf8");
  const lines = text.matchAll(/^(?: {4}|server\$ sudo )(iptables -A INPUT .*)$/gm);
  return [...lines].map(([, rule = ""]) => rule).filter((rule) => !rule.includes("icmp"));
}

describe.skipIf(needs("iptables"))("a client that dials again from the same port", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;

  beforeAll(async () => {
    network = await LiveNetwork.open();
    server = network.host("server");
    client = network.host("client");
    await resetTcp(server, 22);
  });
  afterEach(async () => {
    await server.run(["iptables", "-F", "INPUT"]);
  });
  afterAll(async () => await network?.close());

  const dial = (port: number) => dialTcp(client, server.address, 22, port, "x");
  const shut = async (rules: readonly string[]) => {
    for (const rule of rules) await server.run(["sh", "-c", rule]);
  };
  /** Connects from this port through the rule of a knock, which is then deleted. */
  async function visit(port: number): Promise<void> {
    const rule = ["INPUT", "-s", client.address, "-p", "tcp", "--dport", "22", "-j", "ACCEPT"];
    expect(await dial(port)).toBe("silent");
    await server.run(["iptables", "-I", ...rule]);
    expect(await dial(port)).toBe("open ECONNRESET");
    await server.run(["iptables", "-D", ...rule]);
  }

  test.each(documents.map((name, i) => [name, 20_001 + i] as const))(
    "stays out with the rules of %s",
    async (name, port) => {
      const rules = rulesOf(name);
      expect(rules).toHaveLength(3);
      await shut(rules);
      await visit(port);
      for (let times = 0; times < 3; times++) expect(await dial(port)).toBe("silent");
    },
  );

  test("gets in with the same rules without the one for --syn", async () => {
    await shut(rulesOf("docs/from-knockd.md").filter((rule) => !rule.includes("--syn")));
    await visit(40_011);
    expect(await dial(40_011)).toBe("open ECONNRESET");
  });
});
