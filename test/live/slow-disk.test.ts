import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { stateFiles } from "../../src/system/state-files.ts";
import { KnockDevice } from "../support/knock-device.ts";
import type { LiveHost } from "./host.ts";
import { Folder, knock, knockctl, knockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";

/** The disk that holds the folder `DISK` does not answer while the file `HANG` exists. */
const shim = `
  #define _GNU_SOURCE
  #include <fcntl.h>
  #include <stdarg.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <string.h>
  #include <sys/syscall.h>
  #include <unistd.h>
  static void wait_for_disk(const char *path) {
    const char *disk = getenv("DISK");
    if (strncmp(path, disk, strlen(disk)) != 0) return;
    while (syscall(SYS_access, getenv("HANG"), F_OK) == 0) usleep(20000);
  }
  static void wait_for_file(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return;
    path[length] = 0;
    wait_for_disk(path);
  }
  static int open_file(const char *path, int flags, int mode) {
    wait_for_disk(path);
    return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  }
  int open(const char *path, int flags, ...) {
    va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest);
    return open_file(path, flags, mode);
  }
  int open64(const char *path, int flags, ...) {
    va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest);
    return open_file(path, flags, mode);
  }
  int fdatasync(int fd) { wait_for_file(fd); return syscall(SYS_fdatasync, fd); }
  int fsync(int fd) { wait_for_file(fd); return syscall(SYS_fsync, fd); }
  ssize_t write(int fd, const void *data, size_t length) {
    if (fd > 2) wait_for_file(fd);
    return syscall(SYS_write, fd, data, length);
  }
  ssize_t pwrite(int fd, const void *data, size_t length, off_t at) {
    wait_for_file(fd);
    return syscall(SYS_pwrite64, fd, data, length, at);
  }
  ssize_t pwrite64(int fd, const void *data, size_t length, off_t at) {
    wait_for_file(fd);
    return syscall(SYS_pwrite64, fd, data, length, at);
  }
  int ftruncate64(int fd, off_t length) { wait_for_file(fd); return syscall(SYS_ftruncate, fd, length); }
  int rename(const char *from, const char *to) {
    wait_for_disk(from);
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
  }
  int unlink(const char *path) { wait_for_disk(path); return syscall(SYS_unlinkat, AT_FDCWD, path, 0); }
  int mkdir(const char *path, mode_t mode) {
    wait_for_disk(path);
    return syscall(SYS_mkdirat, AT_FDCWD, path, mode);
  }
`;

const late = "the disk has not answered for 2 s";

describe.skipIf(needs("cc"))("a disk that hangs", () => {
  const library = new Folder();
  beforeAll(async () => {
    const source = library.write("shim.c", shim);
    await run(["cc", "-shared", "-fPIC", "-o", library.at("shim.so"), source]);
  });

  /** A daemon whose StateDir and log are on a disk of their own, and who knocks at it. */
  class SlowDisk {
    readonly folder = new Folder();
    readonly disk = new Folder();
    readonly server: LiveHost;
    readonly client: LiveHost;

    constructor(network: LiveNetwork) {
      this.server = network.host("server");
      this.client = network.host("client");
      this.folder.write(
        "knockd.conf",
        `
        [options]
          StateDir = ${this.disk.at("state")}
          LogFile = ${this.disk.at("k.log")}
          ControlSocket = ${this.folder.at("control")}
        [short]
          sequence = 9:udp
          start_command = echo opened %IP%
          stop_command = echo closed %IP%
          cmd_timeout = 200ms
        [long]
          sequence = 10:udp
          start_command = echo long opened
          stop_command = echo long closed
          cmd_timeout = 1h
        [plain]
          sequence = 11:udp
          command = echo plain
          rest = 0
        [once]
          one_time_sequences = ${this.disk.at("list")}
          command = echo once
      `,
      );
      this.disk.write("list", " 12:udp\n 13:udp\n");
    }

    static async open(): Promise<SlowDisk> {
      const network = await LiveNetwork.open(["server", "client"]);
      onTestFinished(() => network.close());
      return new SlowDisk(network);
    }

    async start(config = this.folder.at("knockd.conf")): Promise<Process> {
      const { folder, disk } = this;
      const env = [`LD_PRELOAD=${library.at("shim.so")}`, `HANG=${folder.at("hang")}`];
      const argv = [...knockd, "-v", "-c", config];
      const daemon = this.server.start(["env", ...env, `DISK=${disk.path}`, ...argv]);
      await daemon.waitFor(/^listening on .*\.\.\.$/m);
      return daemon;
    }

    hang(): void {
      writeFileSync(this.folder.at("hang"), "");
    }

    answer(): void {
      rmSync(this.folder.at("hang"));
    }

    knock(port: number): Promise<void> {
      return knock(this.client, this.server.address, `${port}:udp`);
    }

    async ask(...args: readonly string[]): Promise<string> {
      const socket = ["--socket", this.folder.at("control")];
      const { stdout } = await this.server.run([...knockctl, ...args, ...socket], {
        ok: [0, 3],
      });
      return stdout;
    }

    status(): Promise<string> {
      return this.ask("status");
    }
  }

  test("is one that fails, and then one that works again; nothing else waits for it", async () => {
    const slow = await SlowDisk.open();
    const daemon = await slow.start();
    slow.hang();
    await slow.knock(11);
    await daemon.waitFor(/^plain$/m, 1900);
    await slow.knock(9);
    await daemon.waitFor(/the disk has not answered for 2 s: leases are in memory only/);
    await daemon.waitFor(/^closed /m);
    expect(await slow.status()).toContain(late);
    // At once, since nothing is known of the disk but that it hangs.
    await slow.knock(10);
    await daemon.waitFor(/^long opened$/m, 1900);
    slow.answer();
    await expect.poll(() => slow.status()).not.toContain("has not answered");
    daemon.signal("SIGKILL");
    await daemon.ended;
    // What was opened meanwhile is on the disk.
    await slow.start();
    expect(await slow.ask("leases")).toContain("long");
    expect(slow.disk.read("k.log")).toContain("running command: echo plain");
  });

  test("disables the door of a one-time list until the mark is there", async () => {
    const slow = await SlowDisk.open();
    const daemon = await slow.start();
    slow.hang();
    await slow.knock(12);
    await daemon.waitFor(/has not answered for 2 s --> disabling the door$/m);
    await slow.knock(11);
    await daemon.waitFor(/^plain$/m, 1900);
    slow.answer();
    await daemon.waitFor(/^door once: .* --> enabling the door$/m);
    await slow.knock(13);
    await expect.poll(() => slow.disk.read("list")).toBe("#12:udp\n#13:udp\n");
  });

  test("leaves the configuration as it is at a reload, and the lists as they were read", async () => {
    const slow = await SlowDisk.open();
    const text = slow.folder.read("knockd.conf");
    const config = slow.disk.write("knockd.conf", text);
    const daemon = await slow.start(config);
    writeFileSync(config, `${text}\n[new]\nsequence = 14:udp\ncommand = echo new\nrest = 0\n`);
    slow.hang();
    for (const times of [1, 2]) {
      const reload = slow.ask("reload").catch(String);
      await slow.knock(11);
      await daemon.waitFor(new RegExp(`(^plain$[\\s\\S]*){${times}}`, "m"));
      expect(await reload).toContain(`${config}: the disk has not answered for 2 s`);
      await daemon.waitFor(/^the configuration stays as it was$/m);
    }
    slow.answer();
    expect(await slow.status()).toContain("the last reload was refused");
    expect(await slow.ask("reload")).toContain("new");
    // What is written for the next boot is tried again with a growing pause.
    await expect.poll(() => slow.status()).not.toContain("has not answered");
    await slow.knock(14);
    await daemon.waitFor(/^new$/m);
  });

  describe.skipIf(needs("nc"))("at a start", () => {
    test.each(["folder", "disk"] as const)(
      "keeps no removed device in, users file in %s",
      async (place) => {
        const slow = await SlowDisk.open();
        const alice = new KnockDevice("alice/laptop");
        const bob = new KnockDevice("bob/phone");
        const port = 23_547;
        slow.folder.write(
          "knockd.conf",
          `
        [options]
          KnockPort = ${port}
          Users = ${slow[place].at("knockd.users")}
          StateDir = ${slow.disk.at("state")}
          ControlSocket = ${slow.folder.at("control")}
        [ssh]
          users = alice, bob
          start_command = echo opened for %WHO%
          stop_command = echo closed for %IP%
          cmd_timeout = 1h
        [plain]
          sequence = 11:udp
          command = echo plain
          rest = 0
      `,
        );
        const writeUsers = (...devices: readonly KnockDevice[]) => {
          const sections = devices.map(({ name, lockText }) => `[${name}]\nkey = ${lockText}\n`);
          slow[place].writePrivately("knockd.users", sections.join("\n"));
        };
        const send = (device: KnockDevice) =>
          slow.client.run(["nc", "-u", "-q", "0", "-w", "1", slow.server.address, String(port)], {
            input: device.packet(Date.now()),
          });
        writeUsers(alice, bob);
        const first = await slow.start();
        await send(alice);
        await first.waitFor(/^opened for alice\/laptop$/m);
        const { journal } = stateFiles(slow.disk.at("state"), slow.folder.at("knockd.conf"));
        await expect.poll(() => readFileSync(journal, "latin1")).toContain('"opened"');
        first.signal("SIGKILL");
        await first.ended;
        writeUsers(bob);
        slow.hang();
        const daemon = await slow.start();
        await slow.knock(11);
        await daemon.waitFor(/^plain$/m);
        slow.answer();
        await daemon.waitFor(/^closed for /m);
        // A packet that comes before the journal is read is lost.
        await expect
          .poll(() => send(bob).then(() => daemon.output), { interval: 500 })
          .toMatch(/^opened for bob\/phone$/m);
      },
    );
  });

  test("that has only the one-time list delays a start by 2 s, and its door until it answers", async () => {
    const slow = await SlowDisk.open();
    const elsewhere = new Folder();
    const text = slow.folder.read("knockd.conf");
    slow.folder.write(
      "knockd.conf",
      text
        .replace(/StateDir = .*/, `StateDir = ${elsewhere.at("state")}`)
        .replace(/LogFile = .*/, ""),
    );
    slow.hang();
    const daemon = await slow.start();
    expect(daemon.stderr).toMatch(
      /list: the disk has not answered for 2 s --> disabling the door$/m,
    );
    await slow.knock(11);
    await daemon.waitFor(/^plain$/m);
    slow.answer();
    await daemon.waitFor(/^door once: the disk has answered, its list is read$/m);
    slow.hang();
    await slow.ask("reload");
    await daemon.waitFor(/list: the disk has not answered for 2 s: what was read before counts$/m);
    slow.answer();
    await slow.knock(12);
    await daemon.waitFor(/^once$/m);
  });

  test("leaves protected what the kernel protects, and what was confirmed counts later", async () => {
    const slow = await SlowDisk.open();
    slow.folder.write(
      "knockd.conf",
      `
        [options]
          StateDir = ${slow.disk.at("state")}
          ControlSocket = ${slow.folder.at("control")}
        [ssh]
          sequence = 9:udp
          open = tcp/22
          open_for = 10m
          protect = yes
        [web]
          sequence = 10:udp
          open = tcp/80
          open_for = 10m
      `,
    );
    const { guarded } = stateFiles(slow.disk.at("state"), slow.folder.at("knockd.conf"));
    mkdirSync(slow.disk.at("state"), { mode: 0o700 });
    writeFileSync(guarded, "tcp/80\n");
    const earlier = await slow.start();
    earlier.signal("SIGKILL");
    await earlier.ended;
    slow.hang();
    await slow.start();
    expect(await slow.status()).toContain("what the kernel protects stays protected");
    const rules = () => slow.server.run(["nft", "list", "table", "inet", "sesame"]);
    expect((await rules()).stdout).toMatch(/tcp \. 80/);
    slow.answer();
    await expect.poll(() => slow.status()).not.toContain("stays protected");
    expect((await rules()).stdout).toMatch(/tcp \. 80/);
  });

  test("holds up no end: what is open is closed, for the next daemon will not know", async () => {
    const slow = await SlowDisk.open();
    const daemon = await slow.start();
    slow.hang();
    await slow.knock(10);
    await daemon.waitFor(/^long opened$/m);
    const start = performance.now();
    const { code, stdout } = await daemon.stop(9000);
    expect(performance.now() - start).toBeLessThan(10_000);
    expect([code, stdout]).toEqual([15, expect.stringMatching(/^long closed$/m)]);
  });

  test("that begins to hang at the end names what the next daemon may not know", async () => {
    const slow = await SlowDisk.open();
    const daemon = await slow.start();
    await slow.knock(10);
    await daemon.waitFor(/^long opened$/m);
    await setTimeout(300);
    slow.hang();
    const { code, stderr } = await daemon.stop(9000);
    expect(code).toBe(15);
    expect(stderr).toContain('is not complete: the next daemon may not know "long" for ');
    slow.answer();
    await slow.start();
    expect(await slow.ask("leases")).toContain("long");
  });

  test("names at the end the one-time list that has no mark", async () => {
    const slow = await SlowDisk.open();
    slow.folder.write(
      "knockd.conf",
      slow.folder
        .read("knockd.conf")
        .replace(/StateDir = .*/, `StateDir = ${slow.folder.at("state")}`)
        .replace(/LogFile = .*/, ""),
    );
    const daemon = await slow.start();
    slow.hang();
    await slow.knock(12);
    await daemon.waitFor(/once: OPEN SESAME/);
    const { stderr } = await daemon.stop(9000);
    expect(stderr).toContain(
      `a used sequence is not marked in ${slow.disk.at("list")}: the next daemon may accept it again`,
    );
  });

  test("that hangs now and then keeps the journal short, and nothing of it is lost", async () => {
    const slow = await SlowDisk.open();
    // Half a megabyte makes a journal long.
    const door = `sequence = 15:udp\nstart_command = echo big opened # ${"x".repeat(100_000)}\n`;
    const rest = "stop_command = echo big closed\ncmd_timeout = 100ms\n";
    const text = slow.folder.read("knockd.conf");
    slow.folder.write("knockd.conf", `${text}\n[big]\n${door}${rest}`);
    const daemon = await slow.start();
    await slow.knock(10);
    await daemon.waitFor(/^long opened$/m);
    const count = (what: string) => daemon.stdout.split(`\nbig ${what}\n`).length - 1;
    for (let times = 1; times <= 8; times++) {
      if (times % 3 === 0) slow.hang();
      await slow.knock(15);
      await expect.poll(() => count("opened")).toBe(times);
      await expect.poll(() => count("closed")).toBe(times);
      if (times % 3 === 0) slow.answer();
    }
    await expect.poll(() => slow.status()).not.toContain("has not answered");
    const { journal } = stateFiles(slow.disk.at("state"), slow.folder.at("knockd.conf"));
    const openings = () => readFileSync(journal, "latin1").split('"op":"open"').length - 1;
    await expect.poll(openings).toBeLessThan(6);
    daemon.signal("SIGKILL");
    await daemon.ended;
    await slow.start();
    const leases = await slow.ask("leases");
    expect([leases.includes("long"), leases.includes("big")]).toEqual([true, false]);
  });
});
