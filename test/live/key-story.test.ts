// All that two people behind one address live through with a server that opens by their keys.
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder } from "./knockd.ts";
import { hideBehind } from "./nat.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";
import { Server } from "./server.ts";
import { goesOn } from "./session.ts";
import { Sniffer } from "./sniffer.ts";
import { needsSshd, releaseUsers, startSshd } from "./sshd.ts";

const program = join(import.meta.dirname, "../../bin/knock");
const port = 23_547;
const patient = { timeout: 30_000 };

/** A lease, as docs/control-protocol.md has it, as far as it matters here. */
interface StoryLease {
  readonly source: string;
  readonly by: readonly string[];
  readonly state: string;
}

const families = LiveNetwork.hasIPv6 ? (["IPv4", "IPv6"] as const) : (["IPv4"] as const);

describe.skipIf(needsSshd("nft", "nc", "tcpdump") ?? needs())("two people behind one NAT", () => {
  let network: LiveNetwork;
  let host: LiveHost;
  let router: LiveHost;
  let laptop: LiveHost;
  let phone: LiveHost;
  let elsewhere: LiveHost;
  const keys = new Folder();

  beforeAll(async () => {
    const names = ["server", "router", "elsewhere", "laptop", "phone"];
    network = await LiveNetwork.open(names);
    [host, router, elsewhere, laptop, phone] = names.map((name) => network.host(name)) as [
      LiveHost,
      LiveHost,
      LiveHost,
      LiveHost,
      LiveHost,
    ];
    await hideBehind(router, [laptop, phone]);
    await startSshd(host, keys);
  });
  afterAll(async () => {
    await network?.close();
    await releaseUsers();
  });

  describe.each(families)("over %s", (family) => {
    const addressOf = (of: LiveHost) => (family === "IPv4" ? of.address : of.address6);
    const folder = new Folder();
    const daemons: Process[] = [];
    let server: Server;
    let sniffer: Sniffer;
    let sessions: Process[];

    beforeAll(async () => {
      const door = "[ssh]\nusers = alice, bob\nopen = tcp/22\nopen_for = 1h\nprotect = yes\n";
      const options = `KnockPort = ${port}\nUsers = ${folder.at("knockd.users")}`;
      server = new Server(host, door, options);
      sessions = [];
    });
    afterAll(async () => {
      for (const session of sessions) session.signal("SIGKILL");
      await sniffer?.close();
      await server?.daemon?.stop();
    });

    async function start(): Promise<Process> {
      const daemon = await server.start();
      daemons.push(daemon);
      return daemon;
    }

    const user = async (words: string, input = "") =>
      await host.run(server.argv(`user ${words} --config ${server.config}`), { ok: "any", input });

    /** Those who hold the lease of the router's address, which is the only one. */
    async function holders(): Promise<readonly string[]> {
      const { leases } = await server.ask<{ readonly leases: readonly StoryLease[] }>("leases");
      const open = leases.filter(({ state }) => state === "open");
      expect(open.map(({ source }) => source)).toEqual(open.map(() => addressOf(router)));
      expect(open.length).toBeLessThan(2);
      return [...(open[0]?.by ?? [])].sort();
    }

    const reaches = (from: LiveHost) => from.canConnect(addressOf(host), 22);

    /** What one person has on a machine of their own. */
    function person(on: LiveHost, name: string) {
      const home = folder.at(name);
      mkdirSync(home, { recursive: true });
      const env = { HOME: home, XDG_CONFIG_HOME: join(home, "config") };
      const knock = [process.execPath, program];
      const ssh = [
        ...["ssh", "-i", keys.at("user"), "-o", "StrictHostKeyChecking=no"],
        ...["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"],
        ...["-o", "ConnectTimeout=20", `root@${addressOf(host)}`],
      ];
      return {
        enrol: async (file: string) =>
          await on.run([...knock, "--import"], { env, input: readFileSync(file, "utf8") }),
        request: async () => (await on.run([...knock, "--request", "home"], { env })).stdout,
        complete: async (line: string) =>
          await on.run([...knock, "--import"], { env, input: line }),
        knock: async () => await on.run([...knock, "home"], { env }),
        /** Knocks, and logs in. */
        logIn: async (command: string) =>
          await on.run([...knock, "home", "--", ...ssh, command], { env, timeout: 60_000 }),
        /** Logs in without a knock, and stays. */
        stay: async () => {
          const beat = 'i=0; while :; do i=$((i+1)); echo "beat $i"; sleep 0.1; done';
          const session = on.start([...ssh, beat], { env });
          sessions.push(session);
          await goesOn(session, 30_000);
          return session;
        },
      };
    }

    /** Sends a datagram as it was seen on the way. */
    async function replay(from: LiveHost, packet: Uint8Array): Promise<void> {
      const to = [addressOf(host), String(port)];
      await from.run(["nc", "-u", "-q", "0", "-w", "1", ...to], { input: packet });
    }

    test("they get in, are not imitated, change keys, and one is removed", async () => {
      let daemon = await start();
      const alice = person(laptop, "alice");
      const bob = person(phone, "bob");
      await expect.poll(() => reaches(laptop), patient).toBe("silent");

      // Enrolment: a line for the laptop; the phone's key never leaves it.
      const enrol = `--door ssh --host ${addressOf(host)}`;
      const first = folder.at("first");
      const added = await user(`add alice/laptop ${enrol} --yes --output ${first}`);
      expect(added).toMatchObject({ code: 0, stderr: "" });
      await alice.enrol(first);
      const lock = await bob.request();
      const completed = await user(`add bob/phone ${enrol} --yes --lock -`, lock);
      expect(completed.code).toBe(0);
      await bob.complete(completed.stdout);

      // The laptop knocks and logs in. The one on the path sees its packet.
      sniffer = await Sniffer.open(router, () =>
        laptop.run([process.execPath, program, addressOf(host), "9:udp"]),
      );
      expect((await alice.logIn("echo $SSH_CONNECTION")).stdout).toMatch(
        new RegExp(`^${addressOf(router)} \\d+ ${addressOf(host)} 22\n$`),
      );
      expect(await holders()).toEqual(["alice/laptop"]);
      expect(await reaches(elsewhere)).toBe("silent");
      await expect
        .poll(async () => (await sniffer.payloads(port)).length, patient)
        .toBeGreaterThan(0);
      const [seen = expect.unreachable()] = await sniffer.payloads(port);
      expect(seen).toHaveLength(144);

      // The packet again: from elsewhere, and after a crash, also from the same address.
      await replay(elsewhere, seen);
      await daemon.waitFor(/knock of alice\/laptop refused \(repeated-elsewhere\)/);
      expect(await reaches(elsewhere)).toBe("silent");
      daemon.signal("SIGKILL");
      await daemon.ended;
      expect(await reaches(elsewhere)).toBe("silent");
      daemon = await start();
      await expect.poll(holders, patient).toEqual(["alice/laptop"]);
      const replayed = (from: LiveHost) =>
        `${addressOf(from)}: knock of alice/laptop refused (replay): `;
      for (const from of [elsewhere, phone]) {
        await replay(from, seen);
        const address = from === phone ? router : from;
        await expect.poll(() => daemon.output, patient).toContain(replayed(address));
      }
      expect(daemon.output).not.toContain("OPEN SESAME");
      expect(await reaches(elsewhere)).toBe("silent");
      await expect.poll(() => reaches(laptop), patient).toBe("open");

      // The phone knocks, too, and stays logged in from here on.
      expect((await bob.logIn("echo in")).stdout).toBe("in\n");
      expect(await holders()).toEqual(["alice/laptop", "bob/phone"]);
      const session = await bob.stay();

      // Rotation: a second key, and the first one goes when it works.
      const shown = async () => {
        const { stdout } = await user("show alice/laptop --json");
        // As docs/control-protocol.md has it.
        const { users } = JSON.parse(stdout) as {
          readonly users: readonly { readonly keys: readonly string[] }[];
        };
        return users[0]?.keys ?? [];
      };
      const [old = expect.unreachable()] = await shown();
      const second = folder.at("second");
      expect(
        await user(`add alice/laptop --host ${addressOf(host)} --yes --output ${second}`),
      ).toEqual(expect.objectContaining({ code: 0, stderr: "" }));
      expect(await shown()).toHaveLength(2);
      const renewed = person(laptop, "alice-renewed");
      await renewed.enrol(second);
      expect((await renewed.logIn("echo in")).stdout).toBe("in\n");
      expect(await user(`remove alice/laptop --key ${old} --yes`)).toMatchObject({ code: 0 });
      await expect.poll(holders, patient).toEqual(["bob/phone"]);
      const count = (who: string) => daemon.output.split(`OPEN SESAME: ${who}`).length - 1;
      /** Packets are judged in their order: what came before the phone's was refused. */
      const opensNothing = async (knock: () => Promise<unknown>) => {
        const [before, sesame] = [count("alice/laptop"), count("bob/phone")];
        await knock();
        await bob.knock();
        await expect.poll(() => count("bob/phone"), patient).toBeGreaterThan(sesame);
        expect(count("alice/laptop")).toBe(before);
      };
      await opensNothing(alice.knock);
      await opensNothing(() => replay(elsewhere, seen));
      await renewed.knock();
      await expect.poll(holders, patient).toEqual(["alice/laptop", "bob/phone"]);

      // One is removed, also for the next daemon. The other stays in: session, lease and log-in.
      expect(await user("remove alice --yes")).toMatchObject({ code: 0 });
      await expect.poll(holders, patient).toEqual(["bob/phone"]);
      await goesOn(session);
      await opensNothing(renewed.knock);
      daemon.signal("SIGKILL");
      await daemon.ended;
      daemon = await start();
      await expect.poll(holders, patient).toEqual(["bob/phone"]);
      await opensNothing(renewed.knock);
      expect(await holders()).toEqual(["bob/phone"]);
      await goesOn(session);
      expect((await bob.logIn("echo in")).stdout).toBe("in\n");

      // The last one goes: the door is closed, and what is established goes on.
      expect(await user("remove bob/phone --yes")).toMatchObject({ code: 0 });
      await expect.poll(holders, patient).toEqual([]);
      await expect.poll(() => reaches(phone), patient).toBe("silent");
      await goesOn(session);

      const secrets = [readFileSync(first, "utf8"), readFileSync(second, "utf8"), lock];
      const state = server.folder.at("state");
      const kept = readdirSync(state).map((name) => readFileSync(join(state, name), "latin1"));
      const said = [...daemons.map(({ output }) => output), ...kept].join("\n");
      for (const text of secrets) {
        const [, secret = expect.unreachable()] = /(?:key|lock)1:([\w-]{40})/.exec(text) ?? [];
        expect(said).not.toContain(secret);
      }
    }, 300_000);
  });
});
