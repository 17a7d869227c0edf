import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder, knock, knockctl } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";
import { echoTcp } from "./session.ts";

/** Long enough for an answer on this network, and short enough that Linux sends one SYN. */
const patience = 400;

/** For what another program does. */
const patient = { timeout: 30_000 };

/** A TCP connection that stays, and the port that it comes from. */
const stay = `
  const socket = require("node:net").connect(22, process.argv[1], () => console.log("port " + socket.localPort));
`;

describe.skipIf(needs("nft", "unshare", "nsenter", "script"))("knockctl init", () => {
  let network: LiveNetwork;
  let host: LiveHost;
  let admin: LiveHost;
  let other: LiveHost;
  let folder: Folder;
  let config: string;
  let socket: string;

  beforeEach(async () => {
    network = await LiveNetwork.open(["server", "admin", "other"]);
    [host, admin, other] = ["server", "admin", "other"].map((name) => network.host(name)) as [
      LiveHost,
      LiveHost,
      LiveHost,
    ];
    await echoTcp(host, 22);
    folder = new Folder();
    config = folder.at("knockd.conf");
    socket = folder.at("control.sock");
  });
  afterEach(() => network.close());

  const reaches = (from: LiveHost) => from.canConnect(host.address, 22, patience);

  /** The environment of a machine whose daemons keep to this folder, and of an administrator at `from`. */
  const env = (from?: string) => ({
    STATE_DIRECTORY: folder.at("state"),
    RUNTIME_DIRECTORY: folder.path,
    SSH_CONNECTION: from === undefined ? "" : `${from} ${host.address} 22`,
  });
  const argv = (...args: string[]) => [...knockctl, ...args, "--socket", socket];
  const begin = (...args: string[]) =>
    host.start(argv(...args, "--config", config), { env: env(`${admin.address} 50000`) });
  const run = (...args: string[]) =>
    host.run(argv(...args, "--config", config), {
      ok: "any",
      env: env(`${admin.address} 50000`),
    });
  const initialise = (...args: string[]) => begin("init", "--yes", "--host", host.address, ...args);

  /** Knocks as it was told, and confirms from a connection that is made now, and stays. */
  async function confirm(ports: readonly string[]) {
    await knock(admin, "-d", 20, host.address, ...ports);
    return await confirmFromAdmin();
  }

  async function protects(): Promise<readonly string[]> {
    const { stdout } = await host.run(argv("status", "--json"), { env: env(), ok: [0, 3] });
    return JSON.parse(stdout).status.firewall.protects;
  }

  /** The knocks that init told clients to send, in the order of the doors. */
  function allTold({ stdout }: Process): string[][] {
    const knocks = stdout.matchAll(/^ {4}knock\.exe -d 200 \S+ ([\d ]+?)(?: &&|\r?$)/gm);
    return [...knocks].map(([, ports = ""]) => ports.split(" "));
  }
  const told = (terminal: Process) => allTold(terminal)[0] ?? [];

  /** A device of the administrator, with a configuration of its own. */
  function deviceOf(name: string) {
    const directory = folder.at(name);
    mkdirSync(directory, { recursive: true });
    const own = { ...process.env, HOME: directory, XDG_CONFIG_HOME: join(directory, "config") };
    const program = [process.execPath, join(import.meta.dirname, "../../bin/knock")];
    return {
      enrol: (line: string) => admin.run([...program, "--import"], { env: own, input: line }),
      knock: () => admin.run([...program, "home"], { env: own }),
    };
  }

  /** Confirms from a connection that is made now, and stays. */
  async function confirmFromAdmin() {
    const connection = admin.start([process.execPath, "-e", stay, host.address]);
    const [, port] = await connection.waitFor(/port (\d+)/);
    const settings = { ok: "any", env: env(`${admin.address} ${port}`) } as const;
    return await host.run(argv("guard", "--confirm"), settings);
  }

  /** Nothing in the kernel keeps anybody out, and nobody of ours is left on this machine. */
  async function expectNothing() {
    const { stdout: rules } = await host.run(["nft", "list", "ruleset"]);
    expect(rules).not.toMatch(/chain|elements/);
    const { stdout: links } = await host.run(["ip", "-o", "link"]);
    expect(links).not.toContain("knock");
  }

  const state = () => (existsSync(folder.at("state")) ? readdirSync(folder.at("state")) : []);

  test("makes a protected server of one that has nothing, and undo makes nothing of it", async () => {
    const terminal = initialise("--service", "tcp/22", "--service", "icmp", "--qr", "-");
    await terminal.waitFor(/knockctl guard --confirm/);
    expect(statSync(config).mode & 0o777).toBe(0o600);
    expect(terminal.stdout).toContain("opened [ssh] (tcp/22 answers)");
    expect(terminal.stdout).toContain("opened [ping] (icmp answers)");
    expect(terminal.stdout).toContain("on trial the services open by a knock, and by nothing else");
    expect(terminal.stdout).toMatch(/█{20}/);
    expect([await reaches(admin), await reaches(other)]).toEqual(["silent", "silent"]);
    expect((await host.run(["ip", "-o", "link"])).stdout).not.toContain("knock");

    // Each door has to be proven.
    for (const ports of allTold(terminal)) await knock(admin, "-d", 20, host.address, ...ports);
    expect(await confirm(told(terminal))).toMatchObject({ code: 0, stderr: "" });
    expect((await terminal.ended).code).toBe(0);
    expect(await protects()).toEqual(["tcp/22", "icmp"]);
    expect(await reaches(other)).toBe("silent");
    expect(await other.pings(host.address)).toBe(false);
    await knock(other, "-d", 20, host.address, ...told(terminal));
    await expect.poll(() => reaches(other)).toBe("open");

    const undone = await run("undo");
    expect([undone.code, undone.stderr]).toEqual([0, ""]);
    expect(undone.stdout).toContain("tcp/22, icmp: all sources reach it again");
    expect(existsSync(config)).toBe(false);
    expect(existsSync(socket)).toBe(false);
    expect(await reaches(admin)).toBe("open");
    expect(await other.pings(host.address)).toBe(true);
    expect(state().filter((name) => /init|guarded|nft/.test(name))).toEqual([]);
    await expectNothing();

    const again = await run("undo");
    expect([again.code, again.stderr]).toEqual([
      1,
      expect.stringContaining(`there is nothing to undo for ${config}`),
    ]);
  });

  test.each(["key", "both"])(
    "enrols a device before it protects by %s, and undo takes the key back",
    async (way) => {
      const users = folder.at("knockd.users");
      const before = `[options]\nUsers = ${users}\n`;
      writeFileSync(config, before);
      const output = folder.at("line");
      const device = ["--by", way, "--user", "alice/laptop", "--output", output];
      const terminal = initialise("--service", "tcp/22", ...device);
      await terminal.waitFor(/knockctl guard --confirm/);
      expect(terminal.stdout).toContain(
        "a knock by key from a network namespace opened [ssh] (tcp/22 answers)",
      );
      expect(terminal.stdout.includes("a knock from a network namespace")).toBe(way === "both");
      expect(terminal.stdout).toContain(`    knock home && ssh -S none ${host.address}`);
      expect([await reaches(admin), await reaches(other)]).toEqual(["silent", "silent"]);
      expect([users, output].map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600]);

      const line = readFileSync(output, "utf8");
      const alice = deviceOf("alice");
      await alice.enrol(line);
      await alice.knock();
      await expect.poll(() => reaches(admin), patient).toBe("open");
      expect(await confirmFromAdmin()).toMatchObject({ code: 0, stderr: "" });
      expect((await terminal.ended).code).toBe(0);
      expect([await protects(), await reaches(other)]).toEqual([["tcp/22"], "silent"]);
      const secret = line.split("key1:")[1]?.slice(0, 40) ?? "";
      expect(terminal.output).not.toContain(secret);

      const undone = await run("undo");
      expect([undone.code, undone.stderr]).toEqual([0, ""]);
      expect(readFileSync(config, "utf8")).toBe(before);
      expect(existsSync(users)).toBe(false);
      expect(await reaches(other)).toBe("open");
      await expectNothing();
    },
  );

  describe("where there is a configuration", () => {
    const mine = "# mine, caf\xe9\r\n[options]\r\n\tlogfile = /dev/null\r\n";
    const bytes = Buffer.from(mine, "latin1");
    const knockd = [process.execPath, join(import.meta.dirname, "../../bin/knockd")];

    async function startDaemon(...flags: string[]) {
      const daemon = host.start([...knockd, "-v", "-c", config, ...flags], { env: env() });
      await daemon.waitFor(/^listening on .*\.\.\.$/m);
      return daemon;
    }

    beforeEach(() => {
      writeFileSync(config, bytes);
      chmodSync(config, 0o640);
    });

    test("keeps what was there, and undo brings it back to the byte", async () => {
      const daemon = await startDaemon();
      const terminal = initialise("--service", "tcp/22");
      await terminal.waitFor(/knockctl guard --confirm/);
      const now = readFileSync(config);
      expect(now.subarray(0, bytes.length).equals(bytes)).toBe(true);
      expect(now.toString("latin1")).toContain("[ssh]\r\n    sequence = ");
      expect(statSync(config).mode & 0o777).toBe(0o640);
      expect(readFileSync(`${config}.before-init`).equals(bytes)).toBe(true);
      expect(await confirm(told(terminal))).toMatchObject({ code: 0 });
      await terminal.ended;
      expect(await reaches(other)).toBe("silent");

      const undone = await run("undo");
      expect([undone.code, undone.stderr]).toEqual([0, ""]);
      expect(readFileSync(config).equals(bytes)).toBe(true);
      expect(statSync(config).mode & 0o777).toBe(0o640);
      expect(existsSync(`${config}.before-init`)).toBe(false);
      expect(await reaches(other)).toBe("open");
      expect(daemon.running).toBe(true);
      expect(await protects()).toEqual([]);
    });

    test("a second service comes beside the first, and undo leaves that protected", async () => {
      await startDaemon();
      for (const service of ["tcp/22", "icmp"]) {
        const terminal = initialise("--service", service);
        await terminal.waitFor(/knockctl guard --confirm/);
        if (service === "icmp") expect(terminal.stdout).not.toContain("[ssh]");
        // The lease of the first proof may still be open.
        await host.run(argv("close", "all"), { env: env(), ok: "any" });
        await knockAs(admin, service, terminal);
        expect(await confirm(told(terminal))).toMatchObject({ code: 0 });
        await terminal.ended;
      }
      expect(await protects()).toEqual(["tcp/22", "icmp"]);
      expect((await run("undo")).stderr).toBe("");
      expect(await protects()).toEqual(["tcp/22"]);
      await host.run(argv("close", "all"), { env: env(), ok: "any" });
      expect(await reaches(other)).toBe("silent");
      expect((await run("undo")).stderr).toBe("");
      expect(readFileSync(config).equals(bytes)).toBe(true);
      expect(await reaches(other)).toBe("open");
    });

    /** Whoever confirms has to get in, by ssh, whatever is on trial. */
    async function knockAs(from: LiveHost, service: string, terminal: Process) {
      const door = /^\s+sequence = ([\d,]+)/m.exec(readFileSync(config, "latin1"))?.[1] ?? "";
      expect(service === "icmp" || told(terminal).join(",") === door).toBe(true);
      await knock(from, "-d", 20, host.address, ...door.split(","));
      await expect.poll(() => reaches(from)).toBe("open");
    }

    test("a door that is there already is used", async () => {
      const door = "[mine]\nsequence = 7003,9140,8455\ntcpflags = syn\nopen = tcp/22\n";
      writeFileSync(config, `${mine}${door}`, "latin1");
      const before = readFileSync(config);
      await startDaemon();
      const { code, stdout } = await run("init", "--yes", "--host", "a.example", "--json");
      const result = JSON.parse(stdout);
      expect([code, result.written, result.doors]).toEqual([
        0,
        false,
        [{ name: "mine", isNew: false }],
      ]);
      expect(result.clients[0].linux).toBe(
        "knock -d 200 a.example 7003 9140 8455 && ssh a.example",
      );
      expect(result.trial.services).toEqual(["tcp/22"]);
      expect(readFileSync(config).equals(before)).toBe(true);
      expect(readdirSync(folder.path).filter((name) => name.includes("before"))).toEqual([]);
      expect((await run("undo")).stdout).toContain("tcp/22: all sources reach it again");
      expect(await reaches(other)).toBe("open");
    });

    test("that was changed since, undo shows the difference, and restores it only by force", async () => {
      await startDaemon();
      await run("init", "--yes", "--json");
      const changed = `${readFileSync(config, "latin1")}# and more\r\n`;
      writeFileSync(config, changed, "latin1");
      const refused = await run("undo");
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain("-# and more");
      expect(refused.stderr).toContain("has changed since, so nothing was rolled back");
      expect(readFileSync(config, "latin1")).toBe(changed);
      expect(await reaches(other)).toBe("silent");
      expect((await run("undo", "--force")).code).toBe(0);
      expect(readFileSync(config).equals(bytes)).toBe(true);
      expect(readFileSync(`${config}.before-undo`, "latin1")).toBe(changed);
      expect(await reaches(other)).toBe("open");
    });

    test("that another daemon has not read is left alone", async () => {
      const daemon = await startDaemon();
      folder.write("other.conf", bytes);
      const { code, stderr } = await host.run(
        argv("init", "--yes", "--config", folder.at("other.conf")),
        { ok: "any", env: env(`${admin.address} 50000`) },
      );
      expect([code, stderr]).toEqual([1, expect.stringContaining("has another configuration")]);
      expect(readFileSync(folder.at("other.conf")).equals(bytes)).toBe(true);
      expect(daemon.running).toBe(true);
      expect(state().filter((name) => name.endsWith(".init"))).toEqual([]);
    });

    test("with problems it is left alone", async () => {
      writeFileSync(config, "[ssh]\nsequence = 7003,abc\n");
      const { code, stderr } = await run("init", "--yes");
      expect([code, stderr]).toEqual([
        1,
        expect.stringContaining(":2:17: sequence: port is invalid"),
      ]);
      expect(state()).toEqual([]);
    });

    test("changes nothing if a firewall of others drops the service for certain", async () => {
      await startDaemon();
      await host.run(["iptables", "-A", "INPUT", "-p", "tcp", "--dport", "22", "-j", "DROP"]);
      const { code, stderr } = await run("init", "--yes");
      expect(code).toBe(1);
      expect(stderr).toContain("chain INPUT of iptables blocks tcp/22 over IPv4");
      expect(stderr).toContain("hint: sudo iptables -I INPUT -p tcp --dport 22 -j ACCEPT");
      expect([readFileSync(config).equals(bytes), await protects(), state()]).toEqual([
        ...[true, []],
        expect.not.arrayContaining([expect.stringContaining("init")]),
      ]);
    });

    test("a firewall of others that drops the service all the same is found out", async () => {
      await startDaemon();
      // knockctl does not know what is in a set.
      const rules = `table inet other {
        set ports { type inet_service; elements = { 22 }; }
        chain in { type filter hook input priority 0; tcp dport @ports drop; }
      }`;
      await host.run(["nft", "-f", "-"], { input: rules });
      const { code, stderr } = await run("init", "--yes");
      expect(code).toBe(1);
      expect(stderr).toContain("something else drops the service, also after a knock");
      expect(stderr).toContain("the configuration was written");
      expect(stderr).toContain("knockctl undo rolls this back");
      expect(await protects()).toEqual([]);
      expect((await host.run(["ip", "-o", "link"])).stdout).not.toContain("knock");
      expect((await run("undo")).code).toBe(0);
      expect(readFileSync(config).equals(bytes)).toBe(true);
    });
  });

  describe("of the knock that proves a door", () => {
    /** Runs `init` for a door that is there, where nsenter does this first. */
    async function runWith(first: string) {
      const door = "[mine]\nsequence = 7003,9140,8455\ntcpflags = syn\nopen = tcp/22\n";
      writeFileSync(config, door, { mode: 0o600 });
      folder.write("nsenter", `#!/bin/sh\n${first}\nPATH=\${PATH#*:} exec nsenter "$@"\n`);
      chmodSync(folder.at("nsenter"), 0o755);
      const ended = await host.run(argv("init", "--yes", "--json", "--config", config), {
        ok: "any",
        env: { ...env(`${admin.address} 50000`), PATH: `${folder.path}:${process.env["PATH"]}` },
      });
      await run("undo");
      return ended;
    }

    test("nobody sees the sequence in a list of processes", async () => {
      const { code } = await runWith(`echo "$*" >>${folder.at("asked")}`);
      expect(code).toBe(0);
      const words = folder.read("asked").split(/\s+/);
      expect(words.filter((word) => word.endsWith("bin/knock")).length).toBeGreaterThan(0);
      expect(words.filter((word) => /^(?:7003|9140|8455)\b/.test(word))).toEqual([]);
    });

    test("it is told why there was none", async () => {
      const failing = `case "$*" in *bin/knock*) echo "nsenter: no program today" >&2; exit 1 ;; esac`;
      const { code, stderr } = await runWith(failing);
      expect([code, stderr]).toEqual([
        1,
        expect.stringContaining("knock failed: nsenter: no program today"),
      ]);
    });
  });

  test("a daemon that does not start leaves nothing behind", async () => {
    // Its place for leases is a file.
    folder.write("state", "");
    folder.write("control.sock", "");
    const { code, stderr } = await run("init", "--yes");
    expect([code, stderr]).toEqual([1, expect.any(String)]);
    expect(existsSync(config)).toBe(false);
    await expectNothing();
  });

  test("killed half-way, it leaves no interface, and undo takes back the rest", async () => {
    const terminal = initialise("--service", "tcp/22");
    await terminal.waitFor(/knockd runs/);
    await expect.poll(async () => (await host.run(["ip", "-o", "link"])).stdout).toContain("knock");
    terminal.signal("SIGKILL");
    await terminal.ended;
    const links = async () => (await host.run(["ip", "-o", "link"])).stdout;
    await expect.poll(links).not.toContain("knock");
    expect(await reaches(other)).toBe("open");
    expect(await run("undo")).toMatchObject({ code: 0, stderr: "" });
    expect([existsSync(config), existsSync(socket)]).toEqual([false, false]);
    await expectNothing();
  });

  test("where there are no namespaces it says so, and does without if told", async () => {
    folder.write("unshare", "#!/bin/sh\necho 'unshare: Operation not permitted' >&2\nexit 1\n");
    chmodSync(folder.at("unshare"), 0o755);
    const path = `${folder.path}:${process.env["PATH"]}`;
    const settings = {
      ok: "any",
      env: { ...env(`${admin.address} 50000`), PATH: path },
    } as const;
    const line = argv("init", "--yes", "--json", "--config", config);
    const refused = await host.run(line, settings);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining("cannot have a network namespace: unshare: Operation not permitted"),
    ]);
    expect(refused.stderr).toContain("--no-proof skips this test");
    expect([existsSync(config), existsSync(socket), state()]).toEqual([false, false, []]);
    const { code, stdout } = await host.run([...line, "--no-proof"], settings);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { written: true, proven: false }]);
    expect(await reaches(other)).toBe("silent");
    expect((await run("undo")).code).toBe(0);
    expect([existsSync(config), existsSync(socket)]).toEqual([false, false]);
  });

  test("what ssh listens on is what it proposes", async () => {
    await echoTcp(host, 2222);
    const session = `${admin.address} 50000 ${host.address} 2222`;
    const settings = {
      ok: "any",
      env: { ...env(), SSH_CONNECTION: session },
    } as const;
    const line = argv("init", "--yes", "--json", "--host", "a.example", "--config", config);
    const { code, stdout } = await host.run(line, settings);
    const { trial, clients } = JSON.parse(stdout);
    expect([code, trial.services]).toEqual([0, ["tcp/2222"]]);
    expect(clients[0].linux).toMatch(/ && ssh -p 2222 a\.example$/);
    expect((await run("undo")).code).toBe(0);
  });

  test.each(["systemd", "script"])(
    "a %s starts knockd, and undo ends that",
    async (way) => {
      // An /etc of our own, and a systemd and a script that do what they are told.
      const daemon = `${process.execPath} ${join(import.meta.dirname, "../../bin/knockd")}`;
      const pid = folder.at("pid");
      folder.write(
        "systemctl",
        `#!/bin/sh
echo "$*" >>${folder.at("asked")}
case $1 in
  cat) ;;
  is-enabled) exit 1 ;;
  enable) exec ${daemon} -d -p ${pid} ;;
  disable) kill "$(cat ${pid})" ;;
esac
`,
      );
      chmodSync(folder.at("systemctl"), 0o755);
      folder.write(
        "script",
        `#!/bin/sh
case $1 in
  start) exec ${daemon} -d -p ${pid} ;;
  stop) kill "$(cat ${pid})" ;;
esac
`,
      );
      chmodSync(folder.at("script"), 0o755);
      const line = (...args: string[]) => [...knockctl, ...args, "--socket", socket].join(" ");
      const script = [
        `mkdir ${folder.at("etc")}`,
        ...(way === "systemd" ? ["mkdir -p /run/systemd/system"] : []),
        `cp -a /etc/. ${folder.at("etc")} || true`,
        `rm -f ${folder.at("etc/knockd.conf")}`,
        `mkdir -p ${folder.at("etc/init.d")}`,
        `mv ${folder.at("script")} ${folder.at("etc/init.d/knockd")}`,
        `mount --bind ${folder.at("etc")} /etc`,
        line("init", "--yes", "--json", "--service", "tcp/22"),
        "stat -c '%a %n' /etc/knockd.conf",
        line("undo"),
        "test ! -e /etc/knockd.conf",
        ...(way === "systemd" ? ["rmdir /run/systemd/system"] : []),
      ];
      const path = `${folder.path}:${process.env["PATH"]}`;
      const settings = { timeout: 60_000, env: { ...env(`${admin.address} 50000`), PATH: path } };
      const { stdout } = await host.run(["sh", "-ec", script.join("\n")], settings);
      expect(stdout).toContain(`"started":"${way}"`);
      expect(stdout).toContain("600 /etc/knockd.conf");
      expect(stdout).toContain("knockd: stopped");
      const asked = folder.read("asked").split("\n").filter(Boolean);
      const steps = asked.filter((words) => words !== "cat knockd.service");
      const expected = ["is-enabled --quiet knockd", "enable --now knockd", "disable --now knockd"];
      expect(steps).toEqual(way === "systemd" ? expected : []);
      await expectNothing();
    },
    90_000,
  );

  describe("on a terminal", () => {
    /** Starts it on a terminal of its own, which script(1) makes; what is written to `keys` is typed. */
    function open(...args: string[]): Process {
      return openAt(80, env(`${admin.address} 50000`), ...args);
    }
    function openAt(columns: number, environment: Record<string, string>, ...args: string[]) {
      const line = argv("init", "--config", config, ...args).join(" ");
      const commands = [
        "mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts",
        "mount --bind /dev/pts/ptmx /dev/ptmx",
        `mkfifo ${folder.at("keys")}`,
        // Without exec a shell that waits (dash) would get the Ctrl-C, too, and die of it.
        `exec script -qec "stty cols ${columns}; exec ${line}" /dev/null <>${folder.at("keys")}`,
      ];
      return host.start(["sh", "-ec", commands.join("\n")], { env: environment });
    }
    const type = (keys: string) => writeFileSync(folder.at("keys"), keys);

    test("asks, shows, and does it only after a yes", async () => {
      const terminal = open();
      await terminal.waitFor(/Which services .*\[tcp\/22\]/);
      type("magic\r");
      await terminal.waitFor(/"magic" is not a service/);
      type("22\r");
      await terminal.waitFor(/By which name or address/);
      type("gate.example.org\r");
      await terminal.waitFor(/by\s+sequence, key, or both\? \[sequence\]/);
      type("magic\r");
      await terminal.waitFor(/"magic" is not sequence, key or both/);
      type("\r");
      await terminal.waitFor(/\+ {4}open {5}= tcp\/22[\s\S]*Do it\? \[y\/N\]/);
      expect(existsSync(config)).toBe(false);
      type("y\r");
      await terminal.waitFor(/knockctl guard --confirm/);
      expect(terminal.stdout).toMatch(/knock -d 200 gate\.example\.org [\d ]+ && ssh -S none gate/);
      expect(await reaches(other)).toBe("silent");
      expect(await confirm(told(terminal))).toMatchObject({ code: 0 });
      expect((await terminal.ended).code).toBe(0);
      expect((await run("undo")).code).toBe(0);
      expect(existsSync(config)).toBe(false);
    });

    test("asks for a device, and shows its line once, with a QR code", async () => {
      writeFileSync(config, `[options]\nUsers = ${folder.at("knockd.users")}\n`);
      const terminal = open("--service", "tcp/22", "--host", host.address);
      await terminal.waitFor(/by\s+sequence, key, or both\?/);
      type("key\r");
      await terminal.waitFor(/What is the name of your device/);
      type("alice/laptop\r");
      await terminal.waitFor(/Do it\? \[y\/N\]/);
      expect(terminal.stdout).not.toContain("sesame:");
      type("y\r");
      const [, line = ""] = await terminal.waitFor(/(sesame:#key=\S+)/);
      await terminal.waitFor(/knockctl guard --confirm/);
      expect(terminal.stdout.split("sesame:#key=")).toHaveLength(2);
      expect(terminal.stdout).toMatch(/\[30;107m[ █▀▄]{40}/);
      const device = deviceOf("alice");
      await device.enrol(line);
      await device.knock();
      await expect.poll(() => reaches(admin), patient).toBe("open");
      type("\x03");
      await terminal.ended;
      expect((await run("undo")).code).toBe(0);
      expect(existsSync(folder.at("knockd.users"))).toBe(false);
    });

    test.each([80, 120])(
      "at %i columns asks where a knock comes from, offers recent log-ins, and wraps nothing",
      async (columns) => {
        for (const [name, addresses] of [
          ["who", [admin.address]],
          ["last", [other.address, admin.address]],
        ] as const) {
          const lines = addresses.map((address) => `echo "admin pts/0 2026-11-28 (${address})"`);
          folder.write(name, ["#!/bin/sh", ...lines, ""].join("\n"));
          chmodSync(folder.at(name), 0o755);
        }
        // At the console: no ssh connection tells the address.
        const atConsole = { ...env(), PATH: `${folder.path}:${process.env["PATH"]}` };
        const args = ["--service", "tcp/22", "--host", "gate.example.org", "--by", "sequence"];
        const terminal = openAt(columns, atConsole, ...args);
        await terminal.waitFor(/From which address will your knock come, or any\?/);
        type("not-an-address\r");
        await terminal.waitFor(/"not-an-address" is not an address/);
        type("\r");
        await terminal.waitFor(/Do it\? \[y\/N\]/);
        const known = `${admin.address}, ${other.address}`;
        expect(terminal.stdout.replace(/\s+/g, " ")).toContain(
          `or any? (recent log-ins: ${known}) [${admin.address}]`,
        );
        type("y\r");
        await terminal.waitFor(/knockctl guard --confirm/);
        await terminal.waitFor(/Ctrl-C\s+only\s+stops\s+waiting\./);
        type("\x03");
        await terminal.ended;
        // Commands, the configuration and paths stay whole.
        const isPlain = (line: string) => !/^(?: {4}|---|\+\+\+)|\/run\/tmp\//.test(line);
        const wide = terminal.stdout
          .split(/\r\n|\r|\n/)
          .map((line) => stripVTControlCharacters(line))
          .filter((line) => line.length > columns && isPlain(line));
        expect(wide).toEqual([]);
        expect((await run("undo")).code).toBe(0);
      },
      120_000,
    );

    test.each([
      ["no", "n\r", "Nothing was changed."],
      ["ctrl-C", "\x03", "interrupted: nothing was changed"],
      ["ctrl-D", "\x04", "interrupted: nothing was changed"],
    ])(
      "%s changes nothing",
      async (_, keys, said) => {
        const terminal = open("--service", "tcp/22", "--host", "a.example", "--by", "sequence");
        await terminal.waitFor(/Do it\? \[y\/N\]/);
        type(keys);
        expect((await terminal.ended).code).toBe(1);
        expect(terminal.stdout).toContain(said);
        expect([existsSync(config), state()]).toEqual([false, []]);
        await expectNothing();
      },
      60_000,
    );

    test("asks whether to go on where it cannot knock at itself", async () => {
      writeFileSync(config, "[options]\ninterface = eth0\n");
      const terminal = open("--service", "tcp/22", "--host", "a.example", "--by", "sequence");
      await terminal.waitFor(/knockd listens on eth0 alone[\s\S]*Do it all the same\?/);
      type("y\r");
      await terminal.waitFor(/knockctl guard --confirm/);
      expect(terminal.stdout).toContain("not tested: whether the doors open");
      expect(await reaches(other)).toBe("silent");
      expect((await run("undo")).code).toBe(0);
      expect((await terminal.ended).code).toBe(1);
      expect(terminal.stdout).toMatch(/Not confirmed|knockd is lost/);
      expect(readFileSync(config, "utf8")).toBe("[options]\ninterface = eth0\n");
    });

    test("a file that changed while it was waiting for an answer is left alone", async () => {
      const terminal = open("--service", "tcp/22", "--host", "a.example", "--by", "sequence");
      await terminal.waitFor(/Do it\? \[y\/N\]/);
      writeFileSync(config, "# mine\n");
      type("y\r");
      expect((await terminal.ended).code).toBe(1);
      expect(terminal.stdout.replaceAll(/\s+/g, " ")).toContain(
        "has been changed by another program since the plan was made",
      );
      expect([readFileSync(config, "utf8"), state()]).toEqual(["# mine\n", []]);
    });

    test("ctrl-C while it works takes back what it did", async () => {
      const terminal = open("--service", "tcp/22", "--yes");
      await terminal.waitFor(/knockd runs/);
      type("\x03");
      expect((await terminal.ended).code).toBe(1);
      expect(terminal.stdout).toContain("interrupted");
      expect(terminal.stdout).toContain("all is as before");
      expect([existsSync(config), existsSync(socket)]).toEqual([false, false]);
      await expectNothing();
      expect(state().filter((name) => name.endsWith(".init"))).toEqual([]);
    });
  });

  test("ctrl-C while it waits ends the waiting alone", async () => {
    const terminal = initialise("--service", "tcp/22");
    await terminal.waitFor(/knockctl guard --confirm/);
    terminal.signal("SIGINT");
    expect((await terminal.ended).code).toBe(1);
    expect(terminal.stdout).toContain("The trial goes on until its end");
    expect(await reaches(other)).toBe("silent");
    expect(await confirm(told(terminal))).toMatchObject({ code: 0 });
    expect((await run("undo")).stdout).toContain("tcp/22: all sources reach it again");
    await expectNothing();
  });

  test("without a terminal it wants to be told all", async () => {
    const { code, stderr } = await run("init");
    expect([code, stderr]).toEqual([2, expect.stringContaining("--yes --service tcp/22")]);
    expect(existsSync(config)).toBe(false);
  });
});
