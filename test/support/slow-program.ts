import { chmodSync, closeSync, openSync, writeFileSync } from "node:fs";
import koffi from "koffi";

// fcntl.h
const F_SETLEASE = 1024;
const F_WRLCK = 1;
const F_UNLCK = 2;

const ignore = () => {};

/**
 * A script whose start takes until `release` is called: this process has a lease on the file
 * (fcntl(2)), and the kernel keeps exec waiting until the lease is given up. 45 s at most.
 */
export class SlowProgram {
  readonly path: string;
  readonly #fd: number;
  readonly #fcntl: (fd: number, command: number, argument: number) => number;

  constructor(path: string, script: string) {
    this.path = path;
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    // That the file is wanted is told by this signal, which would end the process; it may come late.
    if (!process.listeners("SIGIO").includes(ignore)) process.on("SIGIO", ignore);
    this.#fcntl = koffi.load("libc.so.6").func("int fcntl(int, int, int)");
    this.#fd = openSync(path, "r");
    if (this.#fcntl(this.#fd, F_SETLEASE, F_WRLCK) !== 0) {
      throw new Error(`no lease on ${path}: errno ${koffi.errno()}`);
    }
  }

  release(): void {
    this.#fcntl(this.#fd, F_SETLEASE, F_UNLCK);
    closeSync(this.#fd);
  }
}
