import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { startPouring } from "./pouring.ts";
import { needs, peer } from "./requirements.ts";

const knock = [process.execPath, join(import.meta.dirname, "../../bin/knock")];

const megabytes = 192;
const bytes = megabytes * 1024 * 1024;

/** Says how many milliseconds lie between the first byte and the last that it wants, and ends the sender. */
const sink = `
  const { readSync, writeSync } = require("node:fs");
  const wanted = Number(process.argv[2]);
  const buffer = Buffer.alloc(1 << 18);
  let count = 0;
  let begin;
  while (count < wanted) {
    const read = readSync(0, buffer);
    if (read === 0) break;
    begin ??= performance.now();
    count += read;
  }
  writeSync(1, count < wanted ? "too few" : String(performance.now() - begin));
  process.kill(0, "SIGKILL");
`;

/** Measured within 10 %, see docs/client.md; the rest is for small machines. */
const most = 1.6;

/** Rounds of both programs, at least and at most. */
const rounds = 3;
const mostRounds = 12;

describe.skipIf(needs("nc", "setsid"))("knock --proxy", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  const sinkFile = new Folder().write("sink.cjs", sink);

  beforeAll(async () => {
    network = await LiveNetwork.open();
    [server, client] = [network.host("server"), network.host("client")];
    await startPouring(server);
  });
  afterAll(() => network?.close());

  /** Milliseconds in which a program brings so many bytes from the server, through a pipe. */
  async function time(argv: readonly string[]): Promise<number> {
    // An input that does not end, as that of ssh; a session of its own, to be ended as a whole.
    const pipe = `sleep 60 | ${argv.join(" ")} | ${process.execPath} ${sinkFile} ${bytes}`;
    const { stdout } = await client.run(["setsid", "-w", "sh", "-c", pipe], {
      ok: "any",
    });
    return Number(stdout);
  }

  test("carries about as much as nc", async () => {
    const programs = {
      nc: [peer("nc"), server.address, "7777"],
      knock: [...knock, "--proxy", server.address, "7777", "7003"],
    };
    // What else the machine does makes a round longer, never shorter: the shortest of each tells what a program can.
    const shortest = { nc: Number.POSITIVE_INFINITY, knock: Number.POSITIVE_INFINITY };
    const ratio = () => shortest.knock / shortest.nc;
    for (let round = 0; round < rounds || (round < mostRounds && ratio() >= most); round++) {
      shortest.nc = Math.min(shortest.nc, await time(programs.nc));
      shortest.knock = Math.min(shortest.knock, await time(programs.knock));
    }
    expect(ratio()).toBeLessThan(most);
  });
});
