// The picture of the README is a recording of this test: `SESAME_WRITE_DOCS=1` writes it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CastFrame, CastPane } from "../support/screencast.ts";
import { renderScreencast, textOf } from "../support/screencast.ts";
import { needsSshd } from "./sshd.ts";
import { TestBed } from "./test-bed.ts";
import type { Tmux } from "./tmux.ts";

const file = join(import.meta.dirname, "../../docs/picture.svg");

const panes: readonly CastPane[] = [
  { name: "server", columns: 80, rows: 27, left: 0, top: 0 },
  { name: "client", columns: 60, rows: 14, left: 82, top: 0 },
  { name: "elsewhere", columns: 60, rows: 12, left: 82, top: 15 },
];

/** Ports differ from run to run, and so do the places where lines wrap. */
const normalise = (lines: readonly string[]) => lines.join("").replaceAll(/\s|\d+/g, "");

describe.skipIf(needsSshd("nft", "tmux", "unshare", "nsenter"))("the picture of the README", () => {
  let bed: TestBed;
  const terminals = new Map<string, Tmux>();

  beforeAll(async () => {
    bed = await TestBed.open();
  }, 60_000);
  afterAll(async () => {
    for (const terminal of terminals.values()) await terminal.close();
    await bed?.close();
  });

  async function look(): Promise<Map<string, readonly string[]>> {
    const screens = new Map<string, readonly string[]>();
    for (const [name, terminal] of terminals) {
      const lines = (await terminal.screen()).map((line) => bed.translate(line));
      while (lines.at(-1) === "") lines.pop();
      screens.set(name, lines);
    }
    return screens;
  }

  /** Looks at the terminals until the play is over. */
  async function record(play: () => Promise<void>): Promise<CastFrame[]> {
    const frames: CastFrame[] = [];
    const start = performance.now();
    let isOver = false;
    const played = play().finally(() => {
      isOver = true;
    });
    for (let isLast = false; !isLast; ) {
      isLast = isOver;
      const screens = await look();
      const shown = (frame?: CastFrame) => JSON.stringify([...(frame?.screens ?? [])]);
      const frame = { at: performance.now() - start, screens };
      if (shown(frames.at(-1)) !== shown(frame)) frames.push(frame);
      // A failure is thrown by the last line of this function.
      await Promise.race([played, new Promise((done) => setTimeout(done, 150))]).catch(() => {});
    }
    await played;
    return frames;
  }

  test("shows what happens", { timeout: 180_000 }, async () => {
    for (const { name, columns, rows } of panes) {
      terminals.set(name, await bed.terminal(name, columns, rows));
    }
    const [server, client, elsewhere] = panes.map(({ name }) => terminals.get(name)) as [
      Tmux,
      Tmux,
      Tmux,
    ];
    const frames = await record(async () => {
      await server.type("sudo knockctl init --service tcp/22 --host server.example.org");
      await server.waitFor(/sequence, key, or both/, 60_000);
      await server.press("Enter");
      await server.waitFor(/Do it\? \[y\/N\]/, 60_000);
      await server.press("y", "Enter");
      await server.waitFor(/guard --confirm/, 90_000);
      const config = await bed.type("server", "grep sequence /etc/knockd.conf");
      const ports = config.replace(/.*= */, "").trim().replaceAll(",", " ");
      await client.type(`knock --wait 22 --save home server.example.org ${ports}`);
      await client.waitFor(/client\$ $|client\$$/m, 30_000);
      await client.type(
        "knock home -- ssh server.example.org \\\n    sudo knockctl guard --confirm",
      );
      await client.waitFor(/Protected from now on/, 60_000);
      await elsewhere.type("ssh -o ConnectTimeout=4 server.example.org");
      await elsewhere.waitFor(/port 22:[\s\S]*out\n/, 30_000);
    });
    const last = frames.at(-1)?.screens ?? new Map<string, readonly string[]>();
    expect(last.get("server")?.join("\n")).toContain("Confirmed: tcp/22 stays protected.");
    if (process.env["SESAME_WRITE_DOCS"] === "1") {
      writeFileSync(file, renderScreencast(panes, frames));
    }
    const drawn = normalise(textOf(readFileSync(file, "utf8")));
    // The first lines may have scrolled away.
    for (const lines of last.values()) expect(drawn).toContain(normalise(lines.slice(2)));
  });
});
