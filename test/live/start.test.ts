import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder, startKnockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";

const root = join(import.meta.dirname, "../..");
const door = "[x]\nsequence = 9,8,7\ntcpflags = syn\nstart_command = true\nstop_command = true\n";

describe.skipIf(needs())("the programs as they are built", () => {
  /** What `npm install` would put into node_modules, and the link that it makes to a program. */
  async function install(program: string): Promise<string> {
    const folder = new Folder();
    const home = folder.at("lib/node_modules/sesame-knock");
    await run(["mkdir", "-p", home, folder.at("bin")]);
    await run([
      "cp",
      "-r",
      ...["bin", "dist", "package.json"].map((name) => join(root, name)),
      home,
    ]);
    symlinkSync(join(root, "node_modules/@koromix"), folder.at("lib/node_modules/@koromix"));
    symlinkSync(`../lib/node_modules/sesame-knock/bin/${program}`, folder.at(`bin/${program}`));
    return folder.at(`bin/${program}`);
  }

  describe.each(["knock", "knockctl", "knockd"])("%s", (program) => {
    const bin = join(root, "bin", program);

    test.each<[string, () => Promise<string[]> | string[]]>([
      ["by itself", () => [bin]],
      ["by node", () => [process.execPath, bin]],
      ["by a link, as an installed package", async () => [await install(program)]],
    ])("runs %s, from any directory", async (_, argv) => {
      const { stdout } = await run([...(await argv()), "-V"], { cwd: "/" });
      expect(stdout).toMatch(/\bSesame \d+\.\d+\.\d+\)\n$/);
    });
  });

  describe("code caches", () => {
    const maker = (bin: string) =>
      join(bin, "../../lib/node_modules/sesame-knock/bin/make-code-caches.cjs");
    const hook = `const vm = require("node:vm");
      vm.Script = class extends vm.Script {
        constructor(text, options) {
          super(text, options);
          if (options.filename?.includes("/dist/")) console.log("rejected:", this.cachedDataRejected);
        }
      };`;

    test.each(["knockctl", "knockd"])("V8 takes that of %s", async (program) => {
      const bin = await install(program);
      await run([process.execPath, maker(bin)]);
      const [, options = ""] = /^#!.* node(.*)\n/.exec(readFileSync(bin, "utf8")) ?? [];
      const words = options.split(" ").filter((word) => word !== "");
      const required = ["-r", new Folder().write("hook.cjs", hook)];
      const { stdout } = await run([process.execPath, ...words, ...required, bin, "-V"]);
      expect(stdout).toContain("rejected: false");
    });

    test("a file has the hash of its text in its name, so that V8 reads no cache of another version", () => {
      for (const program of ["knockctl", "knockd"]) {
        const folder = join(root, "dist", program);
        const caches = readdirSync(folder).filter((name) => name.endsWith(".cache"));
        expect(caches).toHaveLength(1);
        const name = caches[0]?.replace(/\.cache$/, ".cjs") ?? "";
        const text = readFileSync(join(folder, name), "utf8").replace(/\/\/# source.*\n$/, "");
        expect(name).toContain(createHash("sha256").update(text).digest("hex").slice(0, 16));
      }
    });

    test("a program of which none can be made is named, and runs", async () => {
      const bin = await install("knockd");
      const folder = join(dirname(maker(bin)), "../dist/knockd");
      const [cache = ""] = readdirSync(folder).filter((name) => name.endsWith(".cache"));
      rmSync(join(folder, cache));
      mkdirSync(join(folder, cache, "in the way"), { recursive: true });
      const { code, stderr } = await run([process.execPath, maker(bin)], { ok: "any" });
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^no code cache of knockd .*\n$/)]);
      expect((await run([bin, "-V"])).stdout).toContain("Sesame");
    });
  });

  test("knock loads nothing native, nor what only the daemon needs", () => {
    const loadsNative = (program: string) => {
      const folder = join(root, "dist", program);
      const files = readdirSync(folder).filter((name) => name.endsWith(".cjs"));
      return files.some((name) => readFileSync(join(folder, name), "utf8").includes("@koromix/"));
    };
    expect(loadsNative("knock")).toBe(false);
    expect(loadsNative("knockd")).toBe(true);
  });

  /** Returns the modules of Node that a program has loaded when it listens, or at its end. */
  async function loadedModules(program: string, ...args: readonly string[]): Promise<string[]> {
    const folder = new Folder();
    const list = folder.at("modules");
    const hook = folder.write(
      "hook.cjs",
      `const { writeFileSync } = require("node:fs");
      process.on("exit", () => writeFileSync("${list}", process.moduleLoadList.join("\\n")));
      const write = process.stdout.write.bind(process.stdout);
      process.stdout.write = (text, ...rest) =>
        String(text).startsWith("listening on") ? process.exit() : write(text, ...rest);`,
    );
    await run([process.execPath, "-r", hook, join(root, "bin", program), ...args]);
    return readFileSync(list, "utf8").split("\n");
  }

  test("knockd listens before it loads what only some daemons need, or need later", async () => {
    const config = new Folder().write("k.conf", door);
    const loaded = await loadedModules("knockd", "-v", "-i", "lo", "-c", config);
    expect(loaded).toContain("NativeModule net");
    const late = ["dns/promises", "http", "https", "perf_hooks", "v8", "worker_threads"];
    expect(late.filter((name) => loaded.includes(`NativeModule ${name}`))).toEqual([]);
  });

  test("knock loads what its packets need: nothing for names, datagrams, keys and commands", async () => {
    const loaded = await loadedModules("knock", "127.0.0.1", "7003", "9140");
    expect(loaded).toContain("NativeModule net");
    const unneeded = ["child_process", "crypto", "dgram", "dns", "perf_hooks"];
    expect(unneeded.filter((name) => loaded.includes(`NativeModule ${name}`))).toEqual([]);
  });

  test("knockd goes on where an upgrade has removed its files", async () => {
    const network = await LiveNetwork.open(["server", "client"]);
    try {
      const server = network.host("server");
      const folder = new Folder();
      const hook = `OnOpen = http://127.0.0.1:9/\nStateDir = ${folder.at("state")}`;
      const options = `[options]\n${hook}\nControlSocket = ${folder.at("socket")}\n`;
      const bin = await install("knockd");
      const config = folder.write("k.conf", `${options}${door}`);
      const daemon = server.start([bin, "-v", "-i", "eth0", "-c", config]);
      await daemon.waitFor(/listening on/);
      rmSync(join(bin, "../../lib/node_modules/sesame-knock"), { recursive: true });
      await network.host("client").run([join(root, "bin/knock"), server.address, "9", "8", "7"]);
      // The webhook is tried, and 15 s without a packet later memory is returned.
      await daemon.waitFor(/OPEN SESAME/);
      await sleep(17_000);
      expect(daemon.output).not.toContain("internal error");
      expect((await daemon.stop()).code).toBe(15);
    } finally {
      await network.close();
    }
  });

  test("a stack names the files that were written, if it is asked for", async () => {
    const argv = [join(root, "bin/knockd"), "-c", new Folder().write("k.conf", door), "-i", "lo"];
    // No packet socket without rights.
    const { code, stderr } = await run(["setpriv", "--bounding-set=-all", ...argv], {
      ok: "any",
      env: { SESAME_TRACE: "1" },
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/src\/capture\/ring-socket\.ts:\d+/);
  });
});

describe.skipIf(needs())("a daemon at rest", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  beforeAll(async () => {
    network = await LiveNetwork.open(["server"]);
    server = network.host("server");
  });
  afterAll(() => network?.close());

  test("does not wake up", async () => {
    const daemon = await startKnockd(server, door);
    const counts: number[] = [];
    // V8 tidies up once, some seconds after the start.
    for (let second = 0; second < 45; second++) {
      counts.push(switches(daemon.pid));
      const before = counts.at(-11);
      if (before !== undefined && switches(daemon.pid) === before) return;
      await sleep(1000);
    }
    expect.fail(`waits, second by second: ${counts.join(", ")}`);
  });
});

/**
 * How often the threads of a process have begun to wait since they began: once after each time they woke up. That the
 * kernel took the processor from them does not count.
 */
function switches(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.reduce((sum, task) => {
    const status = readFileSync(`/proc/${pid}/task/${task}/status`, "utf8");
    const counts = [...status.matchAll(/^voluntary_ctxt_switches:\s+(\d+)/gm)];
    return sum + counts.reduce((all, [, count]) => all + Number(count), 0);
  }, 0);
}
