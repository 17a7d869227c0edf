import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { fwknopEnvironment, needs, peer } from "../test/live/requirements.ts";
import { run } from "../test/live/run.ts";

/** What the figures depend on: a name and a value each. */
export async function describeMachine(): Promise<readonly (readonly [string, string])[]> {
  return [
    ["date", new Date().toISOString().slice(0, 10)],
    ["processor", `${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} cores`],
    ["memory", `${(totalmem() / 2 ** 30).toFixed(1)} GiB`],
    ["kernel", release()],
    ["system", prettyName()],
    ["Node.js", process.versions.node],
    ["iptables", firstLine((await run(["iptables", "--version"])).stdout)],
    [
      "Sesame",
      JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version,
    ],
    [
      "peers",
      [
        `Debian's ${firstLine((await run([peer("knockd"), "-V"])).stdout)}`,
        ...(await fwknopd()),
      ].join(", "),
    ],
  ];
}

/** Its version, if it is there. */
async function fwknopd(): Promise<readonly string[]> {
  if (needs("fwknopd") !== undefined) return [];
  const { stdout } = await run([peer("fwknopd"), "--version"], { env: fwknopEnvironment });
  return [`Debian's ${firstLine(stdout)}`];
}

function prettyName(): string {
  try {
    return (
      /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "unknown"
    );
  } catch {
    return "unknown"; // A system without that file.
  }
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0] ?? "";
}
