import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder, knock, knockctl, startKnockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";
import { Tmux } from "./tmux.ts";

/** What a shell has: nothing of a program that draws. */
const usual = "alternate 0, cursor 1, wrap 1";

describe.skipIf(needs("tmux", "nft"))("knockctl top", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  let daemon: Process;
  let terminal: Tmux;
  let folder: Folder;
  let config: string;

  beforeEach(async () => {
    network = await LiveNetwork.open(["server", "client"]);
    server = network.host("server");
    client = network.host("client");
    folder = new Folder();
    config = `[options]
StateDir = ${folder.at("state")}
ControlSocket = ${folder.at("control.sock")}
[ssh]
sequence = 7003,9140,8455
seq_timeout = 1h
open = tcp/22
open_for = 1h
`;
    daemon = await startKnockd(server, config);
    terminal = await Tmux.open(server);
    await terminal.type(
      `PS1=; cd ${folder.path}; stty -a >before; printf '\\033[H\\033[2J'; echo first line`,
    );
    await terminal.waitFor(/^first line$/m);
  });
  afterEach(async () => {
    await terminal?.close();
    await network?.close();
  });

  const argv = (...args: string[]) => [...knockctl, ...args, "--socket", folder.at("control.sock")];
  const ask = (...args: string[]) => server.run(argv(...args), { ok: "any" });

  /** Starts top; the shell says with which code it ended. */
  async function start(prefix = ""): Promise<void> {
    await terminal.type(`${prefix}${argv("top").join(" ")}; echo code $?`);
    await terminal.waitFor(/^knockctl top .*\n[\s\S]*^packets [\d.]+\/s/m);
  }

  /** Waits for the end of top, and checks that nothing is left of it. */
  async function expectEnd(code: number): Promise<void> {
    await terminal.waitFor(new RegExp(`^code ${code}$`, "m"));
    expect(await terminal.modes()).toBe(usual);
    expect((await terminal.screen())[0]).toBe("first line");
    await terminal.type("stty -a >after; cmp before after && echo same");
    await terminal.waitFor(/^same$/m);
  }

  test("shows what happens, and acts by keys", async () => {
    await knock(client, server.address, 7003);
    await ask("open", "ssh", "192.0.2.7");
    await start();
    await terminal.waitFor(/^ {2}stage 1 +█+ {2}1$/m);
    await terminal.waitFor(/^> ssh {2}192\.0\.2\.7 +█+ +(1h|59m \d+s)$/m);
    expect(await terminal.modes()).toBe("alternate 1, cursor 0, wrap 0");
    await terminal.press("e");
    await terminal.waitFor(/^ssh for 192\.0\.2\.7 is open for (2h|1h 59m|1h 60m) more$/m);
    await terminal.press("c");
    await terminal.waitFor(
      /^Close ssh for 192\.0\.2\.7 \(.* left\)\? Then new connections to tcp\/22/m,
    );
    await terminal.press("n");
    await terminal.waitFor(/^nothing was closed$/m);
    expect(JSON.parse((await ask("leases", "--json")).stdout).leases).toHaveLength(1);
    await terminal.press("c", "y");
    await terminal.waitFor(/^closed ssh for 192\.0\.2\.7$/m);
    await terminal.waitFor(/^LEASES {2}none$/m);
    await terminal.press("q");
    await expectEnd(0);
  });

  test("follows the size of the terminal, and wraps nothing", async () => {
    await ask("open", "ssh", "2001:db8:1234:5678:9abc:def0:1234:5678");
    await start();
    for (const [columns, rows] of [
      [120, 40],
      [40, 10],
      [80, 24],
    ] as const) {
      await terminal.resize(columns, rows);
      const shown = async () => {
        const lines = await terminal.screen();
        const [title = ""] = lines;
        const chosen = lines.filter((line) => line.startsWith("> ssh"));
        return `${title}|${chosen.join("|")}|${lines[rows - 1]}`;
      };
      await expect
        .poll(shown)
        .toMatch(/^knockctl top +knockd .*, up .*\|> ssh [^|]* (1h|59m \d+s)\|[^|]*q quit$/);
    }
    await terminal.resize(30, 8);
    await terminal.waitFor(/^the terminal is smaller than$/m);
    await terminal.resize(80, 24);
    await terminal.waitFor(/^> ssh /m);
    await terminal.press("C-c");
    await expectEnd(130);
  });

  test("waits for a daemon that ends", async () => {
    await start();
    daemon.signal("SIGKILL");
    await daemon.ended;
    await terminal.waitFor(/waiting for it since/);
    await terminal.waitFor(/^knockd is not running: /m);
    await startKnockd(server, config);
    await expect
      .poll(async () => (await terminal.screen()).join("\n"))
      .not.toMatch(/waiting for it/);
    await ask("open", "ssh", "192.0.2.7");
    await terminal.waitFor(/^> ssh {2}192\.0\.2\.7/m);
    await terminal.press("q");
    await expectEnd(0);
  });

  test.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)(
    "leaves the screen as it was on %s",
    async (signal, code) => {
      const pid = folder.at("pid");
      await start(`sh -c 'echo $$ >${pid}; exec "$@"' sh `);
      process.kill(Number(folder.read("pid")), signal);
      await expectEnd(code);
    },
    120_000,
  );

  test("stops on Ctrl-Z, and draws again", async () => {
    await terminal.type("set -m");
    await start();
    await terminal.press("C-z");
    await terminal.waitFor(/Stopped/);
    expect(await terminal.modes()).toBe(usual);
    await terminal.type("fg");
    await terminal.waitFor(/^packets [\d.]+\/s/m);
    expect(await terminal.modes()).toBe("alternate 1, cursor 0, wrap 0");
    await terminal.press("q");
    await terminal.waitFor(/^code 0$|^first line$/m);
    await expect.poll(() => terminal.modes()).toBe(usual);
  });

  test("refuses without a terminal", async () => {
    const { code, stdout, stderr } = await ask("top");
    expect([code, stdout, stderr]).toEqual([
      1,
      "",
      "knockctl: error: top needs a terminal; knockctl status does not\n",
    ]);
  });
});
