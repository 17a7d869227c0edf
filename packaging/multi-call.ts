// The entry of the executable for Linux, which is three programs: the name by which it is called says
// which one; by any other name, its first argument does (`sesame knockctl status`).

import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import type { Main } from "../src/cli/program.ts";
import { Hangups, runProgram } from "../src/cli/program.ts";

// Each is loaded when it is asked for: knock needs nothing of the kernel.
const programs: Readonly<Record<string, () => Promise<Main>>> = {
  knock: async () => (await import("../src/cli/knock.ts")).main,
  knockctl: async () => (await import("../src/cli/knockctl.ts")).main,
  knockd: async () => {
    // Before the rest is loaded: a SIGHUP now asks for a reload, and must not end the start.
    const hangups = new Hangups();
    const { main } = await import("../src/cli/knockd.ts");
    return (args, io) => main(args, io, hangups);
  },
};

const called = () => basename(process.argv[1] ?? "");
if (!Object.hasOwn(programs, called())) process.argv.splice(1, 1);

const name = called();
const load = Object.hasOwn(programs, name) ? programs[name] : undefined;
if (load !== undefined) {
  nameProcess();
  void runProgram(name, async (args, io) => (await load())(args, io));
} else {
  console.error(`usage: sesame ${Object.keys(programs).join("|")} [ARGUMENT...]`);
  process.exitCode = 2;
}

/** Node calls its process MainThread; pidof, killall and ps -C look for the program. */
function nameProcess(): void {
  try {
    writeFileSync("/proc/self/comm", name);
  } catch {
    // Without /proc there is nobody to look for it either.
  }
}
