import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { knockInSecret } from "./secret-knock.ts";

test("no command line has the sequence, and the file that has it is ours alone and soon gone", async () => {
  const { argv } = process;
  onTestFinished(() => {
    process.argv = argv;
  });
  process.argv = [process.execPath, join(import.meta.dirname, "../../bin/knockctl")];
  let file = "";
  const visitor = {
    host: "192.0.2.1",
    async run(argv: readonly string[]) {
      file = argv[argv.indexOf("-F") + 1] ?? "";
      expect(argv.join(" ")).not.toMatch(/7003|9140|8455/);
      expect([file, dirname(file)].map((path) => statSync(path).mode & 0o777)).toEqual([
        0o600, 0o700,
      ]);
      return { code: 0, stdout: readFileSync(file, "utf8"), stderr: "" };
    },
  };
  const steps = [
    { number: 7003, protocol: "tcp", text: "7003" },
    { number: 9140, protocol: "udp", text: "9140" },
    { number: 8455, protocol: "tcp", text: "8455" },
  ] as const;
  const { stdout } = await knockInSecret(visitor, { steps });
  expect(stdout).toBe(
    "Host door\n    HostName 192.0.2.1\n    Sequence 7003 9140:udp 8455\n    Delay 50ms\n",
  );
  expect(existsSync(dirname(file))).toBe(false);
});
