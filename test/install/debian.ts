import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { LiveHost } from "../live/host.ts";
import { Folder } from "../live/knockd.ts";
import type { LiveNetwork } from "../live/network.ts";
import type { ProcessResult } from "../live/process.ts";
import { run } from "../live/run.ts";

const root = join(import.meta.dirname, "../..");

/** The releases that there is a base of, and where: scripts/test-install has made them. */
export const bases: Readonly<Record<string, string>> = JSON.parse(
  process.env["SESAME_DEBIAN_BASES"] ?? "{}",
);

/** The releases that there is a base of with systemd, and where. */
export const bootedBases: Readonly<Record<string, string>> = JSON.parse(
  process.env["SESAME_BOOTED_BASES"] ?? "{}",
);

/** Those that there is a base of with systemd and other firewalls, and where. */
export const firewallBases: Readonly<Record<string, string>> = JSON.parse(
  process.env["SESAME_FIREWALL_BASES"] ?? "{}",
);

/** The files of the release that is tried. */
export const release: string = join(root, "release");

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const processor = process.arch === "arm64" ? "arm64" : "amd64";

/** The Debian package of the server. */
export const ours: string = join(release, `sesame-knock_${version}_${processor}.deb`);

/** The Debian package of the client alone. */
export const clientOnly: string = join(release, `sesame-knock-client_${version}_all.deb`);

/** The package for Red Hat's relatives. */
export const rpm: string = join(
  release,
  `sesame-knock-${version}-1.${process.arch === "arm64" ? "aarch64" : "x86_64"}.rpm`,
);

/** Where it is put to install it. */
export const fetched = `/root/${basename(ours)}`;

/** Whatever this process has in its environment is none of Debian's. */
export const environment: readonly string[] = [
  "env",
  "-i",
  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  "DEBIAN_FRONTEND=noninteractive",
  "LC_ALL=C.UTF-8",
  "TERM=dumb",
];

/** Puts our package into a Debian, where `fetched` says. It is too large to copy it for each test. */
export async function placePackage(path: string): Promise<void> {
  const place = join(path, fetched);
  if (existsSync(place)) return;
  writeFileSync(place, "");
  await run(["mount", "--bind", ours, place]);
}

/** A fresh Debian in a folder, on a host of the test bed. What happens there is gone afterwards. */
export class Debian {
  readonly host: LiveHost;
  readonly path: string;

  private constructor(host: LiveHost, path: string) {
    this.host = host;
    this.path = path;
  }

  /** Sets up a release on a host. */
  static async open(release: string, network: LiveNetwork, name = "server"): Promise<Debian> {
    const folder = new Folder();
    for (const part of ["upper", "work", "root"]) mkdirSync(folder.at(part));
    const layers = `lowerdir=${bases[release]},upperdir=${folder.at("upper")},workdir=${folder.at("work")}`;
    const path = folder.at("root");
    await run(["mount", "-t", "overlay", "overlay", "-o", layers, path]);
    await run(["mount", "-t", "proc", "proc", join(path, "proc")]);
    await run(["mount", "--rbind", "/dev", join(path, "dev")]);
    // Terminals of its own: those of the host are not for a chroot.
    await run(["mount", "-t", "devpts", "-o", "ptmxmode=666", "devpts", join(path, "dev/pts")]);
    await run(["mount", "--bind", join(path, "dev/pts/ptmx"), join(path, "dev/ptmx")]);
    await run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", join(path, "run")]);
    mkdirSync(join(path, "run/lock"));
    const debian = new Debian(network.host(name), path);
    // Without an init system nothing would be started.
    debian.write("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 0\n", 0o755);
    return debian;
  }

  /** Runs a shell command there as root. */
  async sh(
    command: string,
    options: { readonly ok?: readonly number[] | "any" } = {},
  ): Promise<ProcessResult> {
    // `ip netns exec` would give each command mounts of its own, where pidof does not recognise the
    // programs of the others.
    const here = ["nsenter", `--net=/run/netns/${this.host.namespace}`, "chroot", this.path];
    const argv = [...here, ...environment, "sh", "-c", command];
    return await run(argv, { timeout: 240_000, ...options });
  }

  /** What a command prints on both its outputs. */
  async says(command: string): Promise<string> {
    const { stdout } = await this.sh(`{ ${command}; } 2>&1`, { ok: "any" });
    return stdout.trim();
  }

  /** Installs our package, as the tutorial does. Returns what is said. */
  async install(flags = ""): Promise<string> {
    await placePackage(this.path);
    const { stdout, stderr } = await this.sh(`dpkg -i ${flags} ${fetched} </dev/null`);
    return stdout + stderr;
  }

  /** Installs our package, as the README does: apt removes first what is in its way. */
  async installByApt(): Promise<string> {
    await placePackage(this.path);
    return await this.apt(`install ${fetched}`, "-o Dpkg::Options::=--force-confold");
  }

  /** Installs the client alone with Debian's own Node.js, as it lies in the base. */
  async installClient(): Promise<string> {
    copyFileSync(clientOnly, join(this.path, "root/client.deb"));
    return await this.apt("install /root/client.deb", "-o Dir::Cache::archives=/var/cache/nodejs");
  }

  /** Runs apt, which answers its own questions, and returns what it says. */
  async apt(command: string, options = ""): Promise<string> {
    const usual = "-o APT::Sandbox::User=root --no-install-recommends";
    return await this.says(`apt-get -yq ${usual} ${options} ${command} </dev/null`);
  }

  /** Installs our package, and answers dpkg's questions by the return key alone. */
  async installAsking(): Promise<string> {
    await placePackage(this.path);
    return await this.atTerminal(`dpkg -i ${fetched}`, "\n");
  }

  /** Runs a command at a terminal, where this is typed at every question, and returns what it shows. */
  async atTerminal(command: string, typed: string): Promise<string> {
    this.write("root/typed", typed);
    // Again and again: what is typed before the question is thrown away.
    const shown = `while sleep 0.3 && cat /root/typed; do :; done | script -qec "DEBIAN_FRONTEND=teletype ${command}" /dev/null`;
    return await this.says(shown);
  }

  /** Puts the programs of our package into a folder, without installing it. */
  async unpack(folder: string): Promise<void> {
    await placePackage(this.path);
    await this.sh(`dpkg-deb -x ${fetched} ${folder}`);
  }

  /** Installs Debian's knockd with what it needs, as it lies in the base. */
  async installKnockd(): Promise<void> {
    await this.sh("dpkg -i /var/cache/apt/archives/*.deb </dev/null");
  }

  /** Makes a package of one file, with these further lines about it. Returns its path. */
  async makePackage(name: string, file: string, fields = ""): Promise<string> {
    const folder = `/root/${name}`;
    await this.sh(`mkdir -p ${folder}/DEBIAN ${folder}/usr/bin; touch ${folder}/${file}`);
    const about = `Version: 1\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: ${name}\n`;
    this.write(`${folder}/DEBIAN/control`, `Package: ${name}\n${fields}${about}`);
    await this.sh(`dpkg-deb --build ${folder} ${folder}.deb`);
    return `${folder}.deb`;
  }

  write(name: string, content: string, mode = 0o644): void {
    writeFileSync(join(this.path, name), content, { mode });
  }

  read(name: string): string {
    return readFileSync(join(this.path, name), "utf8");
  }

  has(name: string): boolean {
    return existsSync(join(this.path, name));
  }

  /** The exit code of `/etc/init.d/knockd status`: 0 if it runs, 3 if not. */
  async status(): Promise<number> {
    return (await this.sh("/etc/init.d/knockd status", { ok: "any" })).code;
  }
}
