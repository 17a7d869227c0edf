import { expect, onTestFinished, test } from "vitest";
import { Folder, knock, knockctl, knockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";

test.skipIf(needs())(
  "knockctl rotate keeps the old sequence beside the new one, for a time",
  async () => {
    const network = await LiveNetwork.open();
    onTestFinished(() => network.close());
    const [server, client] = [network.host("server"), network.host("client")];
    const folder = new Folder();
    const config = folder.write(
      "knockd.conf",
      `[options]
ControlSocket = ${folder.at("control.sock")}
StateDir = ${folder.at("state")}
[door]
sequence = 7003,9140,8455
tcpflags = syn
rest = 0
command = true
`,
    );
    const daemon = server.start([...knockd, "-v", "-c", config]);
    await daemon.waitFor(/^listening on/m);
    const old = [7003, 9140, 8455];
    const openings = (name: string) =>
      [...daemon.stdout.matchAll(new RegExp(`: ${name}: OPEN SESAME$`, "gm"))].length;

    await knock(client, "-d", 20, server.address, ...old);
    await daemon.waitFor(/: door: OPEN SESAME$/m);
    const options = ["--yes", "--json", "--keep-old", "6s", "--config", config];
    const { stdout } = await server.run([...knockctl, "rotate", "door", ...options]);
    const { client: lines } = JSON.parse(stdout);
    const fresh = lines.linux.split(" ").slice(4);
    expect(fresh).toHaveLength(4);

    await knock(client, "-d", 20, server.address, ...old);
    await daemon.waitFor(/: door-old: OPEN SESAME$/m);
    await knock(client, "-d", 20, server.address, ...fresh);
    await expect.poll(() => openings("door")).toBe(2);

    await daemon.waitFor(/^door door-old ended at .* --> disabling the door$/m);
    await knock(client, "-d", 20, server.address, ...old);
    await knock(client, "-d", 20, server.address, ...fresh);
    await expect.poll(() => openings("door")).toBe(3);
    expect(openings("door-old")).toBe(1);
  },
);
