import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder, knockctl, knockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";

/** What `user show --json` prints, as far as it matters here. */
interface ShownUsers {
  readonly running: boolean;
  readonly users: readonly {
    readonly keys: readonly string[];
    readonly activity?: readonly { readonly lastKnock?: { readonly source: string } }[];
  }[];
}

const knockProgram = [process.execPath, join(import.meta.dirname, "../../bin/knock")];
/** Puts the clock of a program of Node an hour ahead. */
const clockAhead = "--import=data:text/javascript,const%20now=Date.now;Date.now=()=>now()+3600000";
const patient = { timeout: 30_000 };

/** A lease, as far as it matters here. */
interface ListedLease {
  readonly source: string;
  readonly by: readonly string[];
  readonly state: string;
}

describe.skipIf(needs("nft"))("devices with keys", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let home: LiveHost;
  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "home"]);
    server = network.host("server");
    home = network.host("home");
  });
  afterAll(() => network?.close());
  afterEach(() => server.killAll());

  const folder = new Folder();
  const config = folder.at("knockd.conf");
  const socket = folder.at("control.sock");

  async function start(): Promise<Process> {
    const daemon = server.start([...knockd, "-v", "-c", config]);
    await daemon.waitFor(/^listening on .*\.\.\.$/m);
    return daemon;
  }

  const ctl = (...args: string[]) =>
    server.run([...knockctl, "--socket", socket, ...args], { ok: "any" });

  const user = (...args: string[]) => ctl("user", ...args, "--yes", "--config", config);

  /** Those who hold the lease of the one source. */
  async function holders(): Promise<readonly string[]> {
    const { stdout } = await ctl("leases", "--json");
    // As docs/control-protocol.md has it.
    const { leases } = JSON.parse(stdout) as { readonly leases: readonly ListedLease[] };
    expect(leases.length).toBeLessThan(2);
    return [...(leases.find(({ state }) => state === "open")?.by ?? [])].sort();
  }

  /** A person's own machine behind the address of `home`. */
  function machine(name: string) {
    const directory = folder.at(name);
    mkdirSync(directory, { recursive: true });
    const env = { ...process.env, HOME: directory, XDG_CONFIG_HOME: join(directory, "config") };
    const knock = (args: readonly string[], input = "", more = {}) =>
      home.run([...knockProgram, ...args], { env: { ...env, ...more }, input });
    return {
      enrol: async (file: string) => knock(["--import"], readFileSync(file, "utf8")),
      knock: () => knock(["home"]),
      knockAhead: () => knock(["home"], "", { NODE_OPTIONS: clockAhead }),
      request: async () => (await knock(["--request", "home"])).stdout,
      complete: (answer: string) => knock(["--import"], answer),
    };
  }

  test("are enrolled, share a door behind one address, change keys, and are removed", async () => {
    folder.write(
      "knockd.conf",
      [
        "[options]",
        `Users = ${folder.at("knockd.users")}`,
        `StateDir = ${folder.at("state")}`,
        `ControlSocket = ${socket}`,
        "[ssh]",
        "sequence = 7003,9140,8455",
        "tcpflags = syn",
        "open = tcp/22",
        "open_for = 1h",
        "protect = yes",
        "",
      ].join("\n"),
    );
    let daemon = await start();
    await server.listen(22);
    const canConnect = () => home.canConnect(server.address, 22, 2000);
    expect(await canConnect()).not.toBe("open");

    const enrol = ["--door", "ssh", "--host", server.address];
    const first = folder.at("first");
    expect(await user("add", "alice/laptop", ...enrol, "--output", first)).toMatchObject({
      ...{ code: 0, stderr: "" },
    });
    const alice = machine("alice");
    await alice.enrol(first);
    await alice.knock();
    await expect.poll(holders, patient).toEqual(["alice/laptop"]);
    expect(await canConnect()).toBe("open");

    const watch = ["user", "watch", "alice/laptop", "--config", config];
    const watching = server.start([...knockctl, "--socket", socket, ...watch]);
    await watching.waitFor(/^waiting for knocks of alice\/laptop at UDP port \d+, for 5m/m);
    await alice.knockAhead();
    await watching.waitFor(/: knock of alice\/laptop refused \(clock\): its clock is .* ahead/);
    await alice.knock();
    await watching.waitFor(/OPEN SESAME: alice\/laptop/);
    watching.signal("SIGINT");
    expect((await watching.ended).code).toBe(0);

    const bob = machine("bob");
    const lock = await bob.request();
    const added = await server.run(
      [...knockctl, "--socket", socket, "user", "add", "bob/phone", ...enrol].concat(
        ...["--lock", "-", "--yes", "--config", config],
      ),
      { input: lock },
    );
    await bob.complete(added.stdout);
    await bob.knock();
    await expect.poll(holders, patient).toEqual(["alice/laptop", "bob/phone"]);

    daemon.signal("SIGKILL");
    await daemon.ended;
    daemon = await start();
    await expect.poll(holders, patient).toEqual(["alice/laptop", "bob/phone"]);

    const show = async (): Promise<ShownUsers> =>
      JSON.parse((await user("show", "alice/laptop", "--json")).stdout) as ShownUsers;
    const keys = async () => (await show()).users[0]?.keys ?? [];
    const [old = ""] = await keys();
    await alice.knock();
    const lastSource = async () => (await show()).users[0]?.activity?.[0]?.lastKnock?.source;
    await expect.poll(lastSource, patient).toBe(home.address);
    const second = folder.at("second");
    await user("add", "alice/laptop", "--host", server.address, "--output", second);
    expect(await keys()).toHaveLength(2);
    const newMachine = machine("alice2");
    await newMachine.enrol(second);
    await newMachine.knock();
    await daemon.waitFor(/OPEN SESAME: alice\/laptop/);
    expect(await show()).toMatchObject({ running: true });
    expect((await user("remove", "alice/laptop", "--key", old)).code).toBe(0);
    await alice.knock();

    expect((await user("remove", "alice")).code).toBe(0);
    await expect.poll(holders, patient).toEqual(["bob/phone"]);
    await expect.poll(canConnect, patient).toBe("open");
    expect((await user("remove", "bob/phone")).code).toBe(0);
    await expect.poll(holders, patient).toEqual([]);
    await expect.poll(canConnect, patient).not.toBe("open");
    const secrets = [readFileSync(first, "utf8"), lock].map((text) => text.split("1:")[1] ?? "");
    for (const secret of secrets) expect(daemon.output).not.toContain(secret.slice(0, 40));
  });

  test("are removed at once, however long a stop command runs and whatever is wrong elsewhere", async () => {
    const [users, done] = [folder.at("slow.users"), folder.at("done")];
    folder.write(
      "knockd.conf",
      [
        "[options]",
        `Users = ${users}`,
        `StateDir = ${folder.at("slow-state")}`,
        `ControlSocket = ${socket}`,
        "[vpn]",
        "sequence = 7003,9140,8455",
        "tcpflags = syn",
        "start_command = true",
        "cmd_timeout = 3600",
        `stop_command = while [ ! -e ${done} ]; do sleep 0.1; done`,
        "",
      ].join("\n"),
    );
    const daemon = await start();
    const line = folder.at("carol-line");
    const enrol = ["--door", "vpn", "--host", server.address, "--output", line];
    expect((await user("add", "carol/pc", ...enrol)).code).toBe(0);
    const carol = machine("carol");
    await carol.enrol(line);
    await carol.knock();
    await expect.poll(holders, patient).toEqual(["carol/pc"]);
    writeFileSync(users, `${readFileSync(users, "utf8")}[dave/pc]\nkey = lock1:x\n`);
    const { code, stderr } = await user("remove", "carol");
    expect([code, stderr]).toEqual([1, expect.stringContaining("has other errors")]);
    expect(readFileSync(users, "utf8")).not.toContain("carol");
    const states = async () => {
      const { stdout } = await ctl("leases", "--json");
      const { leases } = JSON.parse(stdout) as { readonly leases: readonly ListedLease[] };
      return leases.map(({ state }) => state);
    };
    await expect.poll(states, patient).toEqual(["closing"]);
    await carol.knock();
    writeFileSync(done, "");
    await expect.poll(states, patient).toEqual([]);
    expect(daemon.output).toContain("but for what the file takes away");
  });
});
