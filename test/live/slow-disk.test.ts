import { rmSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { Folder, knock, knockctl, knockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";

/** The disk does not answer while the file `hang` exists. */
const shim = `
  #define _GNU_SOURCE
  #include <stdlib.h>
  #include <sys/syscall.h>
  #include <unistd.h>
  static void wait_for_disk(void) {
    while (access(getenv("HANG"), F_OK) == 0) usleep(20000);
  }
  int fdatasync(int fd) { wait_for_disk(); return syscall(SYS_fdatasync, fd); }
  int fsync(int fd) { wait_for_disk(); return syscall(SYS_fsync, fd); }
`;

test.skipIf(needs("cc"))(
  "a disk that hangs is one that fails, and then one that works again",
  async () => {
    const network = await LiveNetwork.open(["server", "client"]);
    onTestFinished(() => network.close());
    const server = network.host("server");
    const client = network.host("client");
    const folder = new Folder();
    await run(["cc", "-shared", "-fPIC", "-o", folder.at("shim.so"), folder.write("shim.c", shim)]);
    const socket = folder.at("control");
    const config = folder.write(
      "knockd.conf",
      `
      [options]
        StateDir = ${folder.at("state")}
        ControlSocket = ${socket}
      [x]
        sequence = 9:udp
        start_command = echo opened %IP%
        stop_command = echo closed %IP%
        cmd_timeout = 200ms
    `,
    );
    const preload = ["env", `LD_PRELOAD=${folder.at("shim.so")}`, `HANG=${folder.at("hang")}`];
    const daemon = server.start([...preload, ...knockd, "-v", "-c", config]);
    await daemon.waitFor(/^listening on .*\.\.\.$/m);
    const status = async () => {
      const { stdout } = await server.run([...knockctl, "status", "--socket", socket], {
        ok: [0, 3],
      });
      return stdout;
    };
    folder.write("hang", "");
    await knock(client, server.address, "9:udp");
    await daemon.waitFor(/the disk has not answered for 2 s: leases are in memory only/);
    await daemon.waitFor(/^closed /m);
    expect(await status()).toContain("the disk has not answered for 2 s");
    rmSync(folder.at("hang"));
    await expect.poll(status, { timeout: 10_000 }).not.toContain("has not answered");
    await daemon.stop();
  },
);
