import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { LiveHost } from "./host.ts";
import { Folder, knockctl, knockd } from "./knockd.ts";
import type { Process, ProcessResult } from "./process.ts";

/** Options of `Server.knockctl`. */
export interface Asking {
  /** The far end of the ssh connection on which it is typed, such as `192.0.2.7 50000`. */
  readonly from?: string;
}

/** A knockd on a host of the test bed that keeps its state from one start to the next, and its administrator. */
export class Server {
  readonly host: LiveHost;
  readonly folder: Folder = new Folder();
  readonly socket: string = this.folder.at("control.sock");
  readonly config: string;
  daemon: Process | undefined;
  /** Programs run behind these words. */
  prefix: readonly string[] = [];

  constructor(host: LiveHost, doors: string, options = "") {
    this.host = host;
    this.config = this.folder.at("knockd.conf");
    this.configure(doors, options);
  }

  /** Writes the configuration anew. */
  configure(doors: string, options = ""): void {
    const own = `StateDir = ${this.folder.at("state")}\nControlSocket = ${this.socket}`;
    this.folder.write("knockd.conf", `[options]\n${own}\n${options}\n${doors}`);
  }

  async start(env: Readonly<Record<string, string>> = {}): Promise<Process> {
    this.daemon = this.host.start([...this.prefix, ...knockd, "-v", "-c", this.config], { env });
    await this.daemon.waitFor(/^listening on .*\.\.\.$/m);
    return this.daemon;
  }

  /** Nothing that it could do happens any more. */
  async kill(): Promise<void> {
    this.daemon?.signal("SIGKILL");
    await this.daemon?.ended;
  }

  /** Runs knockctl to its end, whatever it is; without `from` as at the console. */
  async knockctl(args: string, { from }: Asking = {}): Promise<ProcessResult> {
    return await this.host.run(this.#argv(args, from), { ok: "any", ...env(from) });
  }

  /** Starts knockctl, for what goes on. */
  begin(args: string, { from }: Asking = {}): Process {
    return this.host.start(this.#argv(args, from), env(from));
  }

  /** The answer of a command. Fails if it is refused; `status` may end with 3. */
  async ask<T>(args: string, asking?: Asking): Promise<T> {
    const { code, stdout, stderr } = await this.knockctl(`${args} --json`, asking);
    if (code !== 0 && code !== 3) throw new Error(`knockctl ${args}: ${stderr}`);
    return JSON.parse(stdout);
  }

  /** The rules for the next boot; undefined if there are none. */
  get bootFile(): string | undefined {
    const state = this.folder.at("state");
    const names = existsSync(state) ? readdirSync(state) : [];
    const name = names.find((one) => one.endsWith(".nft"));
    return name === undefined ? undefined : join(state, name);
  }

  /** What nft says of our table, without layout and the times that run; empty if there is none. */
  async table(): Promise<string> {
    const { stdout } = await this.host.run(["nft", "list table inet sesame"], { ok: "any" });
    return stdout
      .replaceAll(/ expires \w+/g, "")
      .replaceAll(/\s+/g, " ")
      .trim();
  }

  /** The command line of knockctl with these arguments. */
  argv(args: string): string[] {
    const socket = args.includes("--socket") ? [] : ["--socket", this.socket];
    return [...this.prefix, ...knockctl, ...args.split(" "), ...socket];
  }

  #argv(args: string, from: string | undefined): string[] {
    const argv = this.argv(args);
    // knockctl looks for SSH_CONNECTION among its ancestors, too, and whoever runs this may come by ssh.
    return from === undefined
      ? ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", ...argv]
      : argv;
  }
}

function env(from: string | undefined): { readonly env: Readonly<Record<string, string>> } {
  return { env: { SSH_CONNECTION: from === undefined ? "" : `${from} 10.77.0.1 22` } };
}
