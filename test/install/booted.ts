import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { vi } from "vitest";
import type { LiveHost } from "../live/host.ts";
import { Folder } from "../live/knockd.ts";
import { LiveNetwork } from "../live/network.ts";
import type { Process } from "../live/process.ts";
import { run } from "../live/run.ts";
import { bootedBases, environment, placePackage } from "./debian.ts";

/** A Debian that systemd boots in namespaces of its own, on a host of the test bed, and a client. */
export class BootedDebian {
  readonly client: LiveHost;
  readonly host: LiveHost;
  readonly #network: LiveNetwork;
  readonly #path: string;
  #boot: Process | undefined;
  /** Its process 1, as this process sees it. */
  #init = 0;

  private constructor(network: LiveNetwork, path: string) {
    this.#network = network;
    this.#path = path;
    this.host = network.host("server");
    this.client = network.host("client");
  }

  /** Boots a fresh copy of a release, without our package. */
  static async open(release: string, bases = bootedBases): Promise<BootedDebian> {
    const folder = new Folder();
    for (const part of ["upper", "work", "root"]) mkdirSync(folder.at(part));
    const layers = `lowerdir=${bases[release]},upperdir=${folder.at("upper")},workdir=${folder.at("work")}`;
    await run(["mount", "-t", "overlay", "overlay", "-o", layers, folder.at("root")]);
    const debian = new BootedDebian(await LiveNetwork.open(), folder.at("root"));
    await placePackage(folder.at("root"));
    await debian.boot();
    return debian;
  }

  async boot(): Promise<void> {
    const boot = this.host.start([join(import.meta.dirname, "boot.sh"), this.#path]);
    this.#boot = boot;
    await until(async () => this.#findInit(boot.pid) > 0);
    await until(async () =>
      /^(running|degraded)$/.test(await this.says("systemctl is-system-running")),
    );
  }

  /** Shuts down, and forgets the packet filter: namespaces outlive a boot, rules do not. */
  async powerOff(): Promise<void> {
    await this.says("systemctl poweroff");
    await this.#boot?.ended;
    await this.host.run(["nft", "flush", "ruleset"]);
  }

  /** What a shell command of root's prints there on both its outputs. */
  async says(command: string): Promise<string> {
    const namespaces = ["-m", "-p", "-n", "-u", "-i", "-C", "-r", "-w"];
    const argv = ["nsenter", "-t", `${this.#init}`, ...namespaces, ...environment];
    const shell = ["sh", "-c", `{ ${command}; } 2>&1`];
    const { stdout } = await run([...argv, ...shell], { timeout: 60_000, ok: "any" });
    return stdout.trim();
  }

  /** A property of a unit. */
  async property(unit: string, name: string): Promise<string> {
    return await this.says(`systemctl show --value -p ${name} ${unit}`);
  }

  /** The main process of knockd.service once it is active, also while systemd restarts it. */
  async mainPid(unlike = "0"): Promise<string> {
    let pid = "";
    await until(async () => {
      const shown = await this.says("systemctl show -p ActiveState -p MainPID knockd");
      pid = /^MainPID=(\d+)$/m.exec(shown)?.[1] ?? "";
      return /^ActiveState=active$/m.test(shown) && pid !== unlike;
    });
    return pid;
  }

  write(name: string, content: string): void {
    writeFileSync(join(this.#path, name), content, { mode: 0o600 });
  }

  has(name: string): boolean {
    return existsSync(join(this.#path, name));
  }

  /** What the client sees of a port. */
  async connects(port: number): Promise<string> {
    return await this.client.canConnect(this.host.address, port, 400);
  }

  /** Knocks from the client, with the knock that is installed. */
  async knock(...ports: number[]): Promise<void> {
    const argv = ["chroot", this.#path, "/usr/bin/knock", this.host.address];
    await this.client.run([...argv, ...ports.map(String)]);
  }

  async close(): Promise<void> {
    await this.says("systemctl poweroff --force");
    await Promise.race([this.#boot?.ended, new Promise((done) => setTimeout(done, 10_000))]);
    await this.#network.close();
  }

  /** Finds systemd among the descendants of the process that boots it. */
  #findInit(parent: number): number {
    const children = readdirSync("/proc").filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === parent;
      } catch {
        return false;
      }
    });
    for (const child of children) {
      const isInit = readFileSync(`/proc/${child}/comm`, "utf8").trim() === "systemd";
      this.#init = isInit ? Number(child) : this.#findInit(Number(child));
      if (this.#init > 0) return this.#init;
    }
    return 0;
  }
}

/** Waits until a condition holds, two minutes at most; `expect.poll` works in tests only. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  const check = async () => {
    if (!(await condition())) throw new Error(`not within two minutes: ${condition}`);
  };
  await vi.waitFor(check, { timeout: 120_000, interval: 100 });
}
