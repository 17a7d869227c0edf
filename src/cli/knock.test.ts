import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { main } from "./knock.ts";
import type { Io } from "./program.ts";
import { run } from "./program.ts";
import { version } from "./version.ts";

async function knock(...args: string[]) {
  const output = { stdout: "", stderr: "" };
  const io: Io = {
    stdout: (text) => {
      output.stdout += text;
    },
    stderr: (text) => {
      output.stderr += text;
    },
  };
  return { code: await run("knock", main, args, io), ...output };
}

test("it knocks, and says nothing", async () => {
  const socket = createSocket("udp4");
  await once(socket.bind(0, "127.0.0.1"), "listening");
  const message = once(socket, "message");
  const result = await knock("127.0.0.1", `${socket.address().port}:udp`);
  expect(result).toEqual({ code: 0, stdout: "", stderr: "" });
  await message;
  socket.close();
});

test("-v names each packet", async () => {
  expect(await knock("-v", "localhost", "-4", "1", "02/UDP", "3:tcp")).toEqual({
    code: 0,
    stdout: "hitting tcp 127.0.0.1:1\nhitting udp 127.0.0.1:02\nhitting tcp 127.0.0.1:3\n",
    stderr: "",
  });
});

test("of -4 and -6 the last counts", async () => {
  expect(await knock("-6", "-4", "127.0.0.1", "1")).toMatchObject({ code: 0 });
});

test("-V prints knockd's version and ours", async () => {
  expect(await knock("-V")).toEqual({
    code: 0,
    stdout: `knock 0.8 (Sesame ${version})\n`,
    stderr: "",
  });
  expect(version).toMatch(/^\d+\.\d+\.\d+/);
});

test.each([[["-h"]], [["--help", "127.0.0.1", "1"]], [[]], [["127.0.0.1"]], [["-v", "127.0.0.1"]]])(
  "%j gets the usage on standard output and exit code 1",
  async (args) => {
    expect(await knock(...args)).toEqual({
      code: 1,
      stdout: expect.stringMatching(/^usage: knock /),
      stderr: "",
    });
  },
);

describe("it refuses", () => {
  const portHint = "knock: hint: ports are written as 7000, 7000:udp or ssh\n";
  test.each([
    [
      ["--bogus"],
      "knock: error: unrecognized option '--bogus'\nknock: hint: --help lists the options\n",
    ],
    [["-d", "-5", "127.0.0.1", "1"], "error: delay cannot be negative\n"],
    [
      ["-d5x", "127.0.0.1", "1"],
      "knock: error: delay '5x': expected milliseconds, a whole number of at most nine digits\n",
    ],
    [
      ["127.0.0.1", "1", "70000"],
      `knock: error: port '70000' is neither a number from 1 to 65535 nor a known service\n${portHint}`,
    ],
    [["127.0.0.1", "1:xyz"], `knock: error: port '1:xyz' names an unknown protocol\n${portHint}`],
    [["-4", "::1", "1"], "knock: error: '::1' is not an IPv4 address, which -4 asks for\n"],
    [
      ["a..b", "7000:udp", "8000"],
      "Failed to resolve hostname 'a..b' on port 7000\ngetaddrinfo: unknown node or service\n",
    ],
    [
      ["255.255.255.255", "7"],
      expect.stringMatching(/^knock: error: cannot send to tcp 255\.255\.255\.255:7: [a-z ]+\n$/),
    ],
  ])("%j", async (args, stderr) => {
    expect(await knock(...args)).toEqual({ code: 1, stdout: "", stderr });
  });
});
