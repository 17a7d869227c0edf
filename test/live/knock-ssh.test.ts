import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs, peer } from "./requirements.ts";
import { run } from "./run.ts";
import { Server } from "./server.ts";
import { needsSshd, releaseUsers, startSshd } from "./sshd.ts";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/client.md"), "utf8");
const configurations = readFileSync(join(root, "docs/configuration.md"), "utf8");

/** Returns the blocks of a document in this language, in order. */
function blocks(document: string, language: string): string[] {
  const fenced = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "gs");
  return [...document.matchAll(fenced)].map(([, text = ""]) => text);
}

/** The first door of docs/configuration.md, short-lived and the only way in. */
const door = (blocks(configurations, "ini")[0] ?? "")
  .replace(/\[options\][^[]*/, "")
  .replace(/open_for *=.*/, "open_for = 3s\n    protect = yes");

/** The lines of docs/client.md that make a profile, and use it. */
const lines = [...page.matchAll(/^ {4}(knock .*?)(?: +#.*)?$/gm)].map(([, line = ""]) => line);
const [saves = ""] = lines.filter((line) => line.includes("--save"));
const [runs = ""] = lines.filter((line) => line.includes(" -- ssh "));

/** A real sshd behind a door, everything as docs/client.md says it. */
describe.skipIf(needsSshd("nft", "scp", "rsync"))("ssh behind a door", () => {
  let network: LiveNetwork;
  let server: Server;
  let client: LiveHost;
  let stranger: LiveHost;
  const folder = new Folder();
  const env = {
    PATH: `${folder.at("bin")}:${process.env["PATH"]}`,
    XDG_CONFIG_HOME: folder.at("config"),
    HOME: folder.path,
  };

  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "client", "stranger"]);
    const host = network.host("server");
    [client, stranger] = [network.host("client"), network.host("stranger")];
    mkdirSync(folder.at("bin"));
    for (const program of ["knock", "knockd"]) {
      symlinkSync(join(root, "bin", program), join(folder.at("bin"), program));
    }
    // Only this world sees it.
    const hosts = folder.write(
      "hosts",
      `127.0.0.1 localhost\n${host.address} server.example.org\n`,
    );
    await run(["mount", "--bind", hosts, "/etc/hosts"]);
    await startSshd(host, folder);
    server = new Server(host, door);
    await server.start();
    await client.run(["sh", "-ec", saves], { env });
  });
  afterAll(async () => {
    await network?.close();
    await run(["umount", "/etc/hosts"], { ok: "any" });
    await releaseUsers();
  });

  const reaches = (from: LiveHost) => from.canConnect(server.host.address, 22, 400);

  beforeEach(async () => {
    await expect.poll(() => reaches(client)).toBe("silent");
  });

  /** The block, and what every user has already: a key, and a host that is known. */
  function sshConfig(block: string): string {
    const own = [
      "Host *",
      "User root",
      `IdentityFile ${folder.at("user")}`,
      "StrictHostKeyChecking no",
      "UserKnownHostsFile /dev/null",
      "LogLevel ERROR",
      "ConnectTimeout 10",
    ];
    return folder.write("ssh_config", `${block}\n${own.join("\n")}\n`);
  }

  const ways = blocks(page, "ssh-config").map((block) => {
    const name = /^ *(ProxyCommand .*|Match .*?exec)/m.exec(block)?.[1] ?? block;
    return [name, block] as const;
  });

  test("the page shows three ways, the profile and a command", () => {
    expect(ways.map(([name]) => name)).toEqual([
      expect.stringMatching(/^ProxyCommand knock .*--proxy %h %p 7003/),
      expect.stringMatching(/^ProxyCommand knock --profile home --proxy %h %p$/),
      expect.stringMatching(/^Match originalhost home exec/),
    ]);
    expect([saves, runs]).toEqual([
      expect.stringContaining("--save home server.example.org 7003 9140 8455"),
      "knock home -- ssh server.example.org",
    ]);
  });

  describe.each(ways)("with %s", (_, block) => {
    const here = async (...argv: string[]) => await client.run(argv, { env, ok: "any" });

    test("ssh gets in, alone, and its exit code is passed on", async () => {
      const config = sshConfig(block);
      const ended = await here("ssh", "-F", config, "home", "echo $SSH_CONNECTION; exit 7");
      expect(ended.stdout).toMatch(
        new RegExp(`^${client.address} \\d+ ${server.host.address} 22\n$`),
      );
      expect([ended.code, ended.stderr]).toEqual([7, ""]);
      expect(await reaches(stranger)).toBe("silent");
    });

    test("scp copies there and back", async () => {
      const config = sshConfig(block);
      const content = `${"x".repeat(200_000)}\n`;
      folder.write("here", content);
      const there = folder.at("there");
      expect(
        await here("scp", "-q", "-F", config, folder.at("here"), `home:${there}`),
      ).toMatchObject({ code: 0, stderr: "" });
      expect(folder.read("there")).toBe(content);
      expect(
        await here("scp", "-q", "-F", config, `home:${there}`, folder.at("back")),
      ).toMatchObject({ code: 0, stderr: "" });
      expect(folder.read("back")).toBe(content);
    });

    test("rsync copies a folder", async () => {
      const config = sshConfig(block);
      const name = `tree${ways.findIndex(([, text]) => text === block)}`;
      mkdirSync(folder.at(name));
      for (let i = 0; i < 20; i++) folder.write(`${name}/${i}`, `${i}`.repeat(10_000));
      const ended = await here(
        "rsync",
        "-a",
        "-e",
        `ssh -F ${config}`,
        `${folder.at(name)}/`,
        `home:${folder.at(`${name}-copy`)}`,
      );
      expect(ended).toMatchObject({ code: 0, stderr: "" });
      expect(folder.read(`${name}-copy/19`)).toBe("19".repeat(10_000));
    });
  });

  test("a command after a profile gets in, and its exit code is passed on", async () => {
    const config = sshConfig("");
    const command = `${runs.replace(" ssh ", ` ssh -F ${config} `)} "echo it is I; exit 3"`;
    const ended = await client.run(["sh", "-c", command], { env, ok: "any" });
    expect(ended).toEqual({ code: 3, stdout: "it is I\n", stderr: "" });
  });

  test("sshd sees one connection of a knock that waits, and of a proxy only its own", async () => {
    const count = async (of: Promise<unknown>) => {
      const before = log().length;
      await of;
      // sshd logs what is over; more than one connection would end at about the same time.
      await expect.poll(() => log().length).toBeGreaterThan(before);
      await new Promise((resolve) => setTimeout(resolve, 500));
      return log().slice(before);
    };
    const log = () => sshdLog.output.split("\n").filter((line) => / port \d+/.test(line));
    const sshdLog = await ownSshd(server.host, 2222);
    await server.host.run([
      "iptables",
      "-A",
      "INPUT",
      "-p",
      "tcp",
      "--dport",
      "2222",
      "-j",
      "DROP",
    ]);
    const open = ["sh", "-c", "sleep 2; exec iptables -D INPUT -p tcp --dport 2222 -j DROP"];
    const address = server.host.address;
    const opener = server.host.start(open);
    const probes = await count(
      client.run(["knock", "--wait", "2222,10s", address, "7003"], { env }),
    );
    expect(probes).toHaveLength(1);
    await opener.ended;
    const proxied = await count(
      client.run(["knock", "--proxy", address, "2222", "7003"], { env, input: "SSH-2.0-x\r\n" }),
    );
    const portsIn = (lines: readonly string[]) =>
      lines.map((line) => / port (\d+)/.exec(line)?.[1]);
    // sshd may tell of the end of the first connection only now.
    const others = new Set(portsIn(proxied));
    for (const port of portsIn(probes)) others.delete(port);
    expect(others.size).toBe(1);
  });

  async function ownSshd(host: LiveHost, port: number) {
    const config = folder.write(
      "sshd_own",
      `Port ${port}\nHostKey ${folder.at("host")}\nUsePAM no\nPidFile none\n`,
    );
    const started = host.start([peer("sshd"), "-D", "-e", "-f", config]);
    await started.waitFor(/listening on 0\.0\.0\.0/);
    return started;
  }

  test.skipIf(needs("nc"))("half-closes as nc -N does", async () => {
    const echo = server.host.start([peer("nc"), "-N", "-l", "4444"], {
      input: "the server's words",
    });
    const said = await client.run(["knock", "--proxy", server.host.address, "4444", "7003"], {
      env,
      input: "the client's words",
    });
    expect(said).toEqual({ code: 0, stdout: "the server's words", stderr: "" });
    expect((await echo.ended).stdout).toBe("the client's words");
  });
});
