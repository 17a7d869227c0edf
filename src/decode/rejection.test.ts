import fc from "fast-check";
import { expect, test } from "vitest";
import { whyRejected } from "./rejection.ts";

test("no bytes make it throw, or read outside the frame", () => {
  const packet = fc.uint8Array({ maxLength: 80 });
  const first = fc.constantFrom(0x45, 0x4f, 0x60, 0x00);
  fc.assert(
    fc.property(packet, first, fc.nat(120), (bytes, byte, length) => {
      if (bytes.length > 0) bytes[0] = byte;
      const data = new DataView(bytes.buffer);
      const frame = { data, start: 0, length, wireLength: 0, time: 0, interfaceIndex: 0 };
      expect(["not-ip", "fragment", "other-protocol", "malformed"]).toContain(whyRejected(frame));
    }),
  );
});
