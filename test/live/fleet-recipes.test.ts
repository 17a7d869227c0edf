import { join } from "node:path";
import { expect, test } from "vitest";
import { Process } from "./process.ts";
import { needs } from "./requirements.ts";
import { needsSshd } from "./sshd.ts";

const root = join(import.meta.dirname, "../..");

test.skipIf(needsSshd("nft", "pgrep") ?? needs("redis-server"))(
  "ways to the gateways of a fleet do what docs/fleet.md says of them",
  { timeout: 400_000 },
  async () => {
    const program = join(root, "test/live/fleet-recipes.sh");
    const env = { SOURCES: "6" };
    const world = new Process([join(root, "scripts/private"), program], { env });
    const { stdout, stderr } = await world.ended;
    expect(`${stdout}${stderr}`).not.toContain("FAILED");
    const lines = stdout.split("\n").filter((line) => /^(?:measured|skipped) /.test(line));
    const measured = new Map(lines.map((line) => [line.split(" ")[1]?.replace(":", ""), line]));
    const all = "6 of 6 knocks opened, 12 of 12 connections were let in";
    expect(measured.get("ecmp-0")).toContain(all);
    expect(measured.get("nftables")).toContain(all);
    // A knock whose steps go apart opens nothing, but by chance.
    expect(measured.get("ecmp-1")).toMatch(/ [0-3] of 6 knocks opened, 12 of 12 connections /);
    expect(measured.get("haproxy")).toMatch(/ 0 of 12 connections|skipped/);
    expect(measured.get("haproxy-usesrc") ?? "12 of 12").toContain("12 of 12");
    expect(measured.get("vrrp")).toMatch(/without another knock|skipped/);
  },
);
