import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { formatFleetKey } from "../../config/fleet-file.ts";
import { readFleetFile } from "./fleet-file.ts";

const key = Buffer.alloc(32, 7);
const certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

let folder: string;
let path: string;
let ca: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-fleet-"));
  [path, ca] = [join(folder, "fleet"), join(folder, "ca.pem")];
  write(`${formatFleetKey(key)}ca = ${ca}\n`);
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (text: string) => writeFileSync(path, text, { mode: 0o600 });

test("a fleet file is read with the certificates that it names", async () => {
  writeFileSync(ca, certificate);
  expect(await readFleetFile(path)).toMatchObject({ keys: [key], ca: certificate });
});

test("a fleet file that others can read is refused", async () => {
  chmodSync(path, 0o640);
  const message = `fleet file ${path}: other users can read it: chmod 600`;
  await expect(readFleetFile(path)).rejects.toThrow(message);
});

test("a fleet file that is not there is refused with the way to make it", async () => {
  rmSync(path);
  await expect(readFleetFile(path)).rejects.toMatchObject({
    code: "CONFIG",
    hints: ["knockctl fleet key makes it"],
  });
});

test("certificates that are none are refused", async () => {
  const start = `fleet file ${path}: ca ${ca}: `;
  await expect(readFleetFile(path)).rejects.toThrow(start);
  writeFileSync(ca, "none");
  await expect(readFleetFile(path)).rejects.toThrow(`${start}no certificate in PEM`);
  rmSync(ca);
  mkdirSync(ca);
  await expect(readFleetFile(path)).rejects.toThrow(`${start}not a regular file`);
});

test("a fleet file with errors is refused with all of them, and without its secrets", async () => {
  write("key = c2VjcmV0\npassword = hunter2\nhunter2\n");
  const error = (await readFleetFile(path).catch((thrown: unknown) => thrown)) as Error;
  expect(error.message.split("\n").map((line) => line.slice(path.length))).toEqual([
    ":1:7: key is not 32 bytes in base64",
    ":1:7: hint: openssl rand -base64 32 makes one",
    ":3:1: unknown directive",
    expect.stringContaining(":3:1: hint: directives are key, user, password"),
  ]);
  expect(error.message).not.toContain("hunter2");
});
