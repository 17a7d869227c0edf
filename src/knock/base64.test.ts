import fc from "fast-check";
import { expect, test } from "vitest";
import { tries } from "../../test/support/effort.ts";
import { decodeBase64 } from "./base64.ts";

function decode(text: Uint8Array): Buffer | undefined {
  const target = Buffer.alloc((text.length / 4) * 3);
  return decodeBase64(text, 0, text.length, target, 0) ? target : undefined;
}

test("decodes what Node encodes, wherever it lies", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 3, maxLength: 144 }), fc.nat(9), (bytes, before) => {
      const wanted = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 3)));
      const text = Buffer.from(`${"=".repeat(before)}${wanted.toString("base64")}=`);
      const target = Buffer.alloc(before + wanted.length);
      expect(decodeBase64(text, before, text.length - 1, target, before)).toBe(true);
      expect(target.subarray(before)).toEqual(wanted);
    }),
    { numRuns: tries(300) },
  );
});

test("takes the 64 bytes of its alphabet and no other", () => {
  for (let at = 0; at < 4; at++) {
    for (let byte = 0; byte < 256; byte++) {
      const text = Buffer.from("AAAA");
      text[at] = byte;
      const isTaken = /^[A-Za-z0-9+/]$/.test(String.fromCharCode(byte));
      expect(decode(text) !== undefined).toBe(isTaken);
    }
  }
});

test("refuses to read behind the end", () => {
  expect(decodeBase64(Buffer.from("AAA"), 0, 4, Buffer.alloc(3), 0)).toBe(false);
  expect(decodeBase64(Buffer.alloc(0), 0, 4, Buffer.alloc(3), 0)).toBe(false);
});
