// Prints a table of what the programs cost: as the Debian package brings them, as they are built here,
// and Debian's knockd 0.8. The package must have been made (npm run package). Touches no network:
//
//   scripts/private node --import ./bench/typescript.mjs packaging/measure.ts [--rounds N] [--write]
//
// With --write it becomes the last part of docs/benchmarks.md, in place of the one before.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

const root = join(import.meta.dirname, "..");
const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "15" }, write: { type: "boolean" } },
});
const rounds = Number(options.rounds);
const peers = join(root, "node_modules/.cache/peers/usr");
const folder = mkdtempSync(join(tmpdir(), "measure-"));
const addon = join(root, "node_modules/@koromix/koffi-linux-x64/linux_x64/koffi.node");
const MiB = 2 ** 20;

// With it Node reads certificates at every start.
delete process.env["NODE_EXTRA_CA_CERTS"];

const release = readdirSync(join(root, "release"));
const deb = join(root, "release", release.find((name) => name.endsWith("_amd64.deb")) ?? "");
const unpacked = join(folder, "deb");
execFileSync("dpkg-deb", ["-x", deb, unpacked]);

/** What one round found of a candidate: milliseconds, and bytes. */
interface ProgramCosts {
  readonly daemonStart: number;
  readonly daemonRss: number;
  readonly daemonPss: number;
  readonly clientRun: number;
  readonly clientRss: number;
  readonly clientPss: number;
}

interface MeasuredProgram {
  readonly name: string;
  readonly size: string;
  readonly knockd: readonly string[];
  readonly knock: readonly string[];
  readonly found: ProgramCosts[];
}

const candidates: readonly MeasuredProgram[] = [
  {
    name: "Sesame, packaged",
    size: `${mebibytes(sizeOf(unpacked))} (download ${mebibytes(statSync(deb).size)})`,
    knockd: [join(unpacked, "usr/sbin/knockd")],
    knock: [join(unpacked, "usr/bin/knock")],
    found: [],
  },
  {
    name: `Sesame on Node.js ${process.versions.node}`,
    size: `${mebibytes(sizeOf(join(root, "dist")) + statSync(addon).size)}, and Node.js ${mebibytes(statSync(process.execPath).size)}`,
    knockd: [process.execPath, join(root, "bin/knockd")],
    knock: [process.execPath, join(root, "bin/knock")],
    found: [],
  },
  {
    name: "knockd 0.8",
    size: mebibytes(sizeOf(peers)),
    knockd: [join(peers, "sbin/knockd")],
    knock: [join(peers, "bin/knock")],
    found: [],
  },
];

const config = join(folder, "knockd.conf");
writeFileSync(
  config,
  "[options]\ninterface = lo\n[door]\nsequence = 7003,9140,8455\ntcpflags = syn\ncommand = true\n",
);

// In turn, so that what else the machine does meets all alike.
for (let round = 0; round < rounds; round++) {
  for (const candidate of candidates) {
    const daemon = await measureDaemon(candidate.knockd);
    candidate.found.push({ ...daemon, ...(await measureClient(candidate.knock)) });
  }
}

const rows = candidates.map(({ name, size, found }) => {
  const middle = (key: keyof ProgramCosts) => median(found.map((one) => one[key]));
  const memory = (key: "daemon" | "client") =>
    `${mebibytes(middle(`${key}Rss`))} (${mebibytes(middle(`${key}Pss`))})`;
  const time = (key: keyof ProgramCosts) => `${Math.round(middle(key))} ms`;
  return [name, size, time("daemonStart"), memory("daemon"), time("clientRun"), memory("client")];
});
const heads = [
  "",
  "on the disk",
  "daemon: start to listening",
  "daemon at rest: resident (share)",
  "client: three ports",
  "client: resident (share)",
];
const table = [heads, heads.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`);
const text = `${table.join("\n")}\n\nMedians of ${rounds} rounds; MiB.\n`;
process.stdout.write(text);
if (options.write) {
  const page = join(root, "docs/benchmarks.md");
  const [before] = readFileSync(page, "utf8").split("\n## Packaged\n");
  const day = new Date().toISOString().slice(0, 10);
  const command =
    "scripts/private node --import ./bench/typescript.mjs packaging/measure.ts --write";
  const note = `Written by\n\`${command}\`, ${day}.\nResident includes the packet ring.`;
  writeFileSync(page, `${before}\n## Packaged\n\n${note}\n\n${text}`);
}

async function measureDaemon(
  argv: readonly string[],
): Promise<Pick<ProgramCosts, "daemonStart" | "daemonRss" | "daemonPss">> {
  const begin = performance.now();
  const daemon = start([...argv, "-v", "-c", config]);
  let said = "";
  for await (const text of daemon.stdout) {
    said += text;
    if (said.includes("listening on")) break;
  }
  const daemonStart = performance.now() - begin;
  // What starting has left is collected, or not, in the first moments.
  await sleep(700);
  const { rss, pss } = memoryOf(daemon.pid);
  daemon.kill("SIGTERM");
  await once(daemon, "exit");
  return { daemonStart, daemonRss: rss, daemonPss: pss };
}

async function measureClient(
  argv: readonly string[],
): Promise<Pick<ProgramCosts, "clientRun" | "clientRss" | "clientPss">> {
  const ports = ["127.0.0.1", "7003", "9140", "8455"];
  const begin = performance.now();
  await once(start([...argv, ...ports]), "exit");
  const clientRun = performance.now() - begin;
  const slow = start([...argv, "-d", "400", ...ports]);
  await sleep(400);
  const { rss, pss } = memoryOf(slow.pid);
  await once(slow, "exit");
  return { clientRun, clientRss: rss, clientPss: pss };
}

function start([program = "", ...args]: readonly string[]) {
  return spawn(program, args, { stdio: ["ignore", "pipe", "ignore"] });
}

/** Bytes that a process has in memory, and its share of those that it shares. */
function memoryOf(pid = -1): { readonly rss: number; readonly pss: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const bytes = (key: string) =>
    Number(new RegExp(`^${key}:\\s*(\\d+)`, "m").exec(text)?.[1]) * 1024;
  return { rss: bytes("Rss"), pss: bytes("Pss") };
}

function sizeOf(path: string): number {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
}

function mebibytes(bytes: number): string {
  return (bytes / MiB).toFixed(bytes < 10 * MiB ? 1 : 0);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
