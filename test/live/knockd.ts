import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LiveHost } from "./host.ts";
import type { Process } from "./process.ts";

const bin = join(import.meta.dirname, "../../bin");

/** Our daemon as it is built, for `Host.run` and `Host.start`. Its first line has options for Node. */
export const knockd: readonly string[] = [join(bin, "knockd")];
export const knockctl: readonly string[] = [process.execPath, join(bin, "knockctl")];
export const knockArgv: readonly string[] = [process.execPath, join(bin, "knock")];

/** A folder for the files of one test. It vanishes with the world of scripts/private. */
export class Folder {
  readonly path: string = mkdtempSync(join(tmpdir(), "sesame-live-"));

  at(name: string): string {
    return join(this.path, name);
  }

  /** Writes a file and returns its path. */
  write(name: string, content: string | Uint8Array): string {
    writeFileSync(this.at(name), content);
    return this.at(name);
  }

  /** Writes a file that no other user may read, and returns its path. */
  writePrivately(name: string, content: string): string {
    writeFileSync(this.at(name), content, { mode: 0o600 });
    return this.at(name);
  }

  /** What a file holds; empty if it is not there. */
  read(name: string): string {
    return existsSync(this.at(name)) ? readFileSync(this.at(name), "utf8") : "";
  }

  /** The lines of a log file, without their date. */
  log(name = "k.log"): string[] {
    return this.read(name)
      .split("\n")
      .filter(Boolean)
      .map((line) => line.replace(/^\[\d{4}-\d\d-\d\d \d\d:\d\d\] /, ""));
  }
}

/** The options of a daemon for knocks by key, whose files are all in a folder. */
export function keyOptions(folder: Folder, port: number): string {
  return [
    "[options]",
    `KnockPort = ${port}`,
    `Users = ${folder.at("knockd.users")}`,
    `StateDir = ${folder.at("state")}`,
    `ControlSocket = ${folder.at("control.sock")}`,
  ].join("\n");
}

/** Starts our daemon with this configuration and -v; resolves when it listens. */
export async function startKnockd(
  host: LiveHost,
  config: string,
  ...flags: readonly string[]
): Promise<Process> {
  const path = new Folder().write("knockd.conf", config);
  const daemon = host.start([...knockd, "-v", "-c", path, ...flags]);
  await daemon.waitFor(/^listening on .*\.\.\.$/m);
  return daemon;
}

/** Knocks from `host` with our client. */
export async function knock(host: LiveHost, ...args: readonly (string | number)[]): Promise<void> {
  await host.run([...knockArgv, ...args.map(String)]);
}
