// The entry of the executable for Linux, which is three programs: the name by which it is called says
// which one; by any other name, its first argument does (`sesame knockctl status`).

import { writeFileSync } from "node:fs";
import { basename } from "node:path";

// Each is loaded when it is asked for: knock needs nothing of the kernel.
const programs: Readonly<Record<string, () => Promise<unknown>>> = {
  knock: () => import("../src/cli/main/knock.ts"),
  knockctl: () => import("../src/cli/main/knockctl.ts"),
  knockd: () => import("../src/cli/main/knockd.ts"),
};

const called = () => basename(process.argv[1] ?? "");
if (!Object.hasOwn(programs, called())) process.argv.splice(1, 1);

const name = called();
const start = Object.hasOwn(programs, name) ? programs[name] : undefined;
if (start !== undefined) {
  nameProcess();
  void start();
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
