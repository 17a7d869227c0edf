// What docs/clients.md tells users of other programs to type and to write, as it stands there.
import { chmodSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { KnockDevice } from "../support/knock-device.ts";
import type { LiveHost } from "./host.ts";
import { Folder } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs, peer } from "./requirements.ts";
import { run } from "./run.ts";
import { Server } from "./server.ts";
import { needsSshd, releaseUsers, startSshd } from "./sshd.ts";

const root = join(import.meta.dirname, "../..");
const document = readFileSync(join(root, "docs/clients.md"), "utf8");
const patient = { timeout: 30_000 };
const port = 23_547;

/** The first block in this language under this heading of the document. */
function block(heading: string, language: string): string {
  const section = document.split(/^###? /m).find((one) => one.startsWith(`${heading}\n`)) ?? "";
  const [, text] = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "ms").exec(section) ?? [];
  return text ?? expect.unreachable(`${heading} has no ${language}`);
}

const doors = `
[ssh]
users = alice
open = tcp/22, udp/60001
open_for = 1h
protect = yes

[vpn]
users = alice
open = udp/51820
open_for = 1h
protect = yes
`;

describe.skipIf(needsSshd("nft"))("behind a door that a key opens", () => {
  const alice = new KnockDevice("alice/laptop");
  const folder = new Folder();
  const env = {
    PATH: `${folder.at("bin")}:${process.env["PATH"]}`,
    XDG_CONFIG_HOME: folder.at("config"),
    HOME: folder.path,
    LANG: "C.UTF-8",
    TERM: "xterm",
    GIT_CONFIG_NOSYSTEM: "1",
  };
  let network: LiveNetwork;
  let server: Server;
  let inside: LiveHost;
  let client: LiveHost;

  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "inside", "client"]);
    const host = network.host("server");
    [inside, client] = [network.host("inside"), network.host("client")];
    for (const name of ["bin", "home"]) mkdirSync(folder.at(name));
    // Only this world sees them.
    const names = ["127.0.0.1 localhost", `${host.address} server.example.org`];
    const hosts = folder.write(
      "hosts",
      `${[...names, `${inside.address} inside.example.org`].join("\n")}\n`,
    );
    await run(["mount", "--bind", hosts, "/etc/hosts"]);
    const users = [
      `root:x:0:0:root:${folder.at("home")}:/bin/bash`,
      "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin",
    ];
    await run(["mount", "--bind", folder.write("passwd", `${users.join("\n")}\n`), "/etc/passwd"]);

    // Terminals of its own: those of the host may be out of reach.
    const terminals = "newinstance,ptmxmode=0666";
    await run(["mount", "-t", "devpts", "-o", terminals, "devpts", "/dev/pts"]);
    await run(["mount", "--bind", "/dev/pts/ptmx", "/dev/ptmx"]);

    const keys = [host, inside].map(() => new Folder());
    const [gateKeys = expect.unreachable(), insideKeys = expect.unreachable()] = keys;
    await startSshd(host, gateKeys);
    await startSshd(inside, insideKeys);
    const others = ["-p", "tcp", "--dport", "22", "!", "-s", host.address, "-j", "DROP"];
    await inside.run(["iptables", "-A", "INPUT", ...others]);
    await writeClient(keys.map((one) => one.at("user")));

    server = new Server(host, doors, `KnockPort = ${port}\nUsers = ${folder.at("knockd.users")}`);
    folder.writePrivately("knockd.users", `[${alice.name}]\nkey = ${alice.lockText}\n`);
    await server.start();
    for (const [name, door, wait] of [
      ["home", "ssh", "&wait=22"],
      ["vpn", "vpn", ""],
    ]) {
      const link = `key=${alice.keyText}&host=server.example.org&port=${port}`;
      const line = `sesame:#${link}&door=${door}&name=${name}${wait}\n`;
      await client.run(["knock", "--import"], { env, input: line });
    }
  });
  afterAll(async () => {
    await network?.close();
    for (const path of ["/etc/hosts", "/dev/ptmx", "/dev/pts"])
      await run(["umount", path], { ok: "any" });
    await releaseUsers();
  });

  /** The programs and files of a user who has been on both hosts before. */
  async function writeClient(identities: readonly string[]): Promise<void> {
    const [, files = ""] = /^tar -czf knock\.tgz (.+)$/m.exec(document) ?? [];
    await run(["tar", "-czf", folder.at("knock.tgz"), "-C", root, ...files.split(" ")]);
    await type(block("A machine with Node.js", "sh"));
    const own = [
      ...["Host *", "User root", "StrictHostKeyChecking no", "UserKnownHostsFile /dev/null"],
      ...["LogLevel ERROR", "ConnectTimeout 30"],
      ...identities.map((file) => `IdentityFile ${file}`),
    ];
    const blocks = [block("ssh", "ssh-config"), block("Jump hosts", "ssh-config")];
    const config = folder.write("ssh_config", `${[...blocks, ...own].join("\n")}\n`);
    // ssh looks for its file in the home of the user, whatever HOME says.
    folder.write("bin/ssh", `#!/bin/sh\nexec ${peer("ssh")} -F ${config} "$@"\n`);
    chmodSync(folder.at("bin/ssh"), 0o755);
  }

  const reaches = (host: LiveHost) => client.canConnect(host.address, 22);

  beforeEach(async () => {
    const shut = async () => {
      const { code, stderr } = await server.knockctl(`close ssh ${client.address}`);
      return code === 0 ? await reaches(server.host) : stderr;
    };
    await expect.poll(shut, patient).toBe("silent");
  });

  /** Types lines of the document, one after the other. */
  async function type(lines: string): Promise<string> {
    const options = { env, cwd: folder.path, timeout: 90_000 };
    return (await client.run(["bash", "-ec", lines], options)).stdout;
  }

  test.skipIf(needs("git", "rsync"))("ssh, Git and rsync get in", async () => {
    const origin = folder.at("home/notes.git");
    const git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", origin];
    await run(["git", "init", "-q", origin]);
    folder.write("home/notes.git/note", "a note\n");
    await run([...git, "add", "note"]);
    await run([...git, "commit", "-q", "-m", "a note"]);
    await type(block("ssh", "sh"));
    expect(folder.read("notes/note")).toBe("a note\n");
    expect(folder.read("home/copy/note")).toBe("a note\n");
    expect(await inside.canConnect(server.host.address, 22)).toBe("silent");
  });

  test("ssh gets to a host behind the first hop, for which it knocks", async () => {
    expect(await reaches(inside)).toBe("silent");
    const line = block("Jump hosts", "sh");
    const said = await type(line.replace(" true", " 'echo $SSH_CONNECTION'"));
    expect(line).toContain(" true");
    expect(said).toMatch(new RegExp(`^${server.host.address} \\d+ ${inside.address} 22\n$`));
  });

  test.skipIf(needs("ansible"))("Ansible waits for the connection", async () => {
    folder.write("hosts.ini", block("Ansible", "ini"));
    expect(await type(block("Ansible", "sh"))).toMatch(/^server\.example\.org \| SUCCESS/m);
  });

  test.skipIf(needs("mosh", "script"))("Mosh gets in", async () => {
    const typed = `stty rows 24 cols 80; exec ${block("Mosh", "sh").trim()} -- echo arrived`;
    const said = await type(`script -qec ${JSON.stringify(typed)} /dev/null </dev/null`);
    expect(said).toContain("arrived");
  });

  const hasTunnels = existsSync("/dev/net/tun");
  test.skipIf(needs("wg", "wg-quick", "wireguard-go") ?? !hasTunnels)(
    "WireGuard knocks",
    async () => {
      const [ours, theirs] = [await keyPair(), await keyPair()];
      const peerLines = ({ shared }: typeof ours, ...lines: readonly string[]) =>
        ["[Peer]", `PublicKey = ${shared}`, ...lines, ""].join("\n");
      const there = `[Interface]\nPrivateKey = ${theirs.secret}\nAddress = 10.99.0.1/24\nListenPort = 51820\n`;
      const here = `${block("WireGuard", "ini")}PrivateKey = ${ours.secret}\nAddress = 10.99.0.2/24\n`;
      const remote = ["AllowedIPs = 10.99.0.1/32", "Endpoint = server.example.org:51820"];
      folder.writePrivately("gate.conf", there + peerLines(ours, "AllowedIPs = 10.99.0.2/32"));
      folder.writePrivately("laptop.conf", here + peerLines(theirs, ...remote));
      const userspace = { ...env, WG_QUICK_USERSPACE_IMPLEMENTATION: "wireguard-go" };
      const up = async (on: LiveHost, file: string) =>
        await on.run(["wg-quick", "up", folder.at(file)], { env: userspace });
      await up(server.host, "gate.conf");
      await up(client, "laptop.conf");
      await expect.poll(() => client.pings("10.99.0.1"), patient).toBe(true);
      expect((await server.knockctl("leases")).stdout).toContain("vpn");
    },
  );

  /** A key pair of WireGuard. */
  async function keyPair(): Promise<{ readonly secret: string; readonly shared: string }> {
    const secret = (await run(["wg", "genkey"])).stdout;
    const shared = (await run(["wg", "pubkey"], { input: secret })).stdout;
    return { secret: secret.trim(), shared: shared.trim() };
  }
});
