import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readPayload } from "./payload.ts";

test.each([
  ["open é", "6f70656e20c3a9"],
  ["hex:00ff", "00ff"],
  ["hex: 00 FF:0a", "00ff0a"],
  ["hex:", ""],
  ["", ""],
])("%j is %s", (text, hex) => {
  expect(Buffer.from(readPayload(text)).toString("hex")).toBe(hex);
});

test("a file is taken as it is", () => {
  const folder = mkdtempSync(join(tmpdir(), "sesame-payload-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  writeFileSync(join(folder, "x"), bytes);
  expect([...readPayload(`@${join(folder, "x")}`)]).toEqual([...bytes]);
  expect(() => readPayload(`@${folder}/none`)).toThrow(
    expect.objectContaining({
      code: "SYSTEM",
      message: expect.stringContaining("/none: No such file"),
    }),
  );
});

test.each(["hex:0", "hex:0g", "hex:xyz"])("%s is no payload", (text) => {
  expect(() => readPayload(text)).toThrow("expected two digits a byte");
});

test("more than a datagram holds is refused", () => {
  expect(readPayload("x".repeat(65_507))).toHaveLength(65_507);
  expect(() => readPayload("x".repeat(65_508))).toThrow("does not fit into a datagram");
});
