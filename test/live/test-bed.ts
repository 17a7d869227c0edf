import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { LiveHost } from "./host.ts";
import { Folder } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { run } from "./run.ts";
import { releaseUsers, startSshd } from "./sshd.ts";
import { Tmux } from "./tmux.ts";

const root = join(import.meta.dirname, "../..");

/** What documents call the hosts of the stage: their name, the address they have there, and who is on it. */
const cast = [
  { name: "server", address: "192.0.2.1", prompts: ["server", "server-again"] },
  { name: "client", address: "192.0.2.7", prompts: ["client"] },
  { name: "elsewhere", address: "192.0.2.66", prompts: ["elsewhere"] },
] as const;

/** As systemd's and sudo's do, as far as documents call them. */
const standIns = {
  sudo: 'SUDO_USER=admin; export SUDO_USER; exec "$@"',
  systemctl: `
    [ "$2" = knockd ] || exit 5
    pid=$(cat $HOME/knockd.pid 2>/dev/null)
    end() { [ -z "$pid" ] || kill $pid; while [ -e $HOME/knockd.pid ]; do sleep 0.1; done; }
    case $1 in
      restart) end; exec knockd -d -p $HOME/knockd.pid ;;
      stop) end ;;
    esac`,
};

/** A server with an sshd and a client that may log in, where commands of a document run as they stand there. */
export class TestBed {
  readonly #network: LiveNetwork;
  readonly #folder = new Folder();
  /** By prompt: the ssh connection of the terminal, as SSH_CONNECTION has it; empty where one sits at the machine. */
  readonly #terminals = new Map<string, string>([
    ["client", ""],
    ["elsewhere", ""],
  ]);

  private constructor(network: LiveNetwork) {
    this.#network = network;
  }

  /** Has an /etc and a /var/log of its own until it is closed. */
  static async open(): Promise<TestBed> {
    const stage = new TestBed(await LiveNetwork.open(cast.map(({ name }) => name)));
    try {
      await stage.#furnish();
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  async close(): Promise<void> {
    await this.#network.close();
    await releaseUsers();
    for (const path of ["/var/log", "/etc"]) await run(["umount", path], { ok: "any" });
  }

  host(prompt: string): LiveHost {
    const found = cast.find(({ prompts }) => prompts.some((one) => one === prompt));
    if (found === undefined) throw new Error(`nobody has the prompt ${prompt}$`);
    return this.#network.host(found.name);
  }

  /** Runs a command at a prompt to its end; its output, with the addresses of the document. */
  async type(prompt: string, command: string): Promise<string> {
    const { stdout, stderr } = await this.host(prompt).run(
      ["bash", "-c", `exec 2>&1\n${this.#here(command)}`],
      {
        ok: "any",
        env: await this.#environment(prompt),
      },
    );
    // Some programs end lines as terminals want it.
    return this.translate(stdout + stderr).replaceAll("\r\n", "\n");
  }

  /** Starts a command that waits for something. */
  async begin(prompt: string, command: string): Promise<Process> {
    return this.host(prompt).start(["bash", "-c", `exec 2>&1\n${this.#here(command)}`], {
      env: await this.#environment(prompt),
    });
  }

  /** Opens a terminal of this size at a prompt. */
  async terminal(prompt: string, columns: number, rows: number): Promise<Tmux> {
    const env = { ...(await this.#environment(prompt)), PS1: `${prompt}$ ` };
    return await Tmux.open(this.host(prompt), {
      columns,
      rows,
      shell: ["bash", "--norc", "--noprofile"],
      env,
    });
  }

  /** The addresses, and the folder of the leases, as documents have them. */
  translate(text: string): string {
    let translated = text
      .replaceAll(this.#folder.at("state"), "/var/lib/knockd")
      .replaceAll(this.#folder.path, "~")
      // The systemd of documents does not run here.
      .replaceAll("start it: knockd -d\n", "start it: systemctl start knockd\n");
    for (const { name, address } of cast) {
      translated = translated.replaceAll(this.#network.host(name).address, address);
    }
    return translated;
  }

  /** Writes /etc/knockd.conf. */
  configure(text: string): void {
    this.#folder.write("etc/knockd.conf", this.#here(text));
  }

  #here(command: string): string {
    let text = command.replaceAll("/var/lib/knockd", this.#folder.at("state"));
    for (const { name, address } of cast) {
      text = text.replaceAll(address, this.#network.host(name).address);
    }
    return text;
  }

  async #environment(prompt: string): Promise<Record<string, string>> {
    return {
      ...this.#ownPrograms,
      SSH_CONNECTION: this.#terminals.get(prompt) ?? (await this.#logIn(prompt)),
    };
  }

  get #ownPrograms() {
    return {
      PATH: `${this.#folder.at("bin")}:/usr/sbin:/sbin:${process.env["PATH"]}`,
      HOME: this.#folder.path,
      // Nothing is left of the stage before.
      STATE_DIRECTORY: this.#folder.at("state"),
      LC_ALL: "C.UTF-8",
      TZ: "UTC",
    };
  }

  /** A terminal is a connection that stays. */
  async #logIn(prompt: string): Promise<string> {
    const line = ["ssh", "server.example.org", "echo $SSH_CONNECTION; exec sleep 1000"];
    const ssh = this.#network.host("client").start(line, { env: this.#ownPrograms });
    const [connection = ""] = await ssh.waitFor(/^[\d.]+ \d+ [\d.]+ 22$/m);
    this.#terminals.set(prompt, connection);
    return connection;
  }

  async #furnish(): Promise<void> {
    const at = (name: string) => this.#folder.at(name);
    const server = this.#network.host("server");
    for (const name of ["bin", "log"]) mkdirSync(at(name));
    for (const name of ["knock", "knockd", "knockctl"]) {
      symlinkSync(join(root, "bin", name), join(at("bin"), name));
    }
    for (const [name, script] of Object.entries(standIns)) {
      this.#folder.write(`bin/${name}`, `#!/bin/sh\n${script}\n`);
      await run(["chmod", "+x", at(`bin/${name}`)]);
    }
    // What cannot be read here is not needed either.
    await run(["sh", "-c", `cp -a /etc ${at("etc")} 2>/dev/null; test -d ${at("etc/ssh")}`]);
    const own = [
      "Host *",
      "User root",
      `IdentityFile ${at("user")}`,
      "StrictHostKeyChecking no",
      "UserKnownHostsFile /dev/null",
      "LogLevel ERROR",
    ];
    this.#folder.write("etc/ssh/ssh_config", `${own.join("\n")}\n`);
    this.#folder.write("etc/hosts", `127.0.0.1 localhost\n${server.address} server.example.org\n`);
    await run(["mount", "--bind", at("etc"), "/etc"]);
    await run(["mount", "--bind", at("log"), "/var/log"]);
    // A session finds the same programs and state as the terminals of the server.
    const { HOME: _, ...inSession } = this.#ownPrograms;
    const variables = Object.entries(inSession).map(([name, value]) => `${name}=${value}`);
    await startSshd(server, this.#folder, [`SetEnv ${variables.join(" ")}`]);
    await this.#logIn("server");
  }
}
