import { describe, expect, test } from "vitest";
import { stunRequest } from "../../test/support/knock-device.ts";
import { fromHex, knockVectors } from "../../test/support/knock-vectors.ts";
import { decodeBase64 } from "../knock/base64.ts";
import { carriedLength, findCarried } from "./stun.ts";

/** The packet that a datagram carries. */
function carried(datagram: Uint8Array): Buffer | undefined {
  const at = findCarried(datagram);
  if (at === undefined) return undefined;
  const packet = Buffer.alloc(144);
  return decodeBase64(datagram, at, at + carriedLength, packet, 0) ? packet : undefined;
}

const packet = fromHex(knockVectors.packet);

describe("a STUN request", () => {
  test("carries the packet of the vector", () => {
    expect(stunRequest(packet).toString("hex")).toBe(knockVectors.stun.datagram);
    expect(carried(fromHex(knockVectors.stun.datagram))).toEqual(packet);
  });

  test("may have three attributes before", () => {
    expect(carried(stunRequest(packet, 3))).toEqual(packet);
    expect(carried(stunRequest(packet, 4))).toBeUndefined();
  });

  test.each(knockVectors.refusedStun)("is refused: $name", ({ datagram }) => {
    expect(carried(fromHex(datagram))).toBeUndefined();
  });

  test("is refused when it is cut off anywhere", () => {
    const whole = stunRequest(packet, 2);
    for (let length = 0; length < whole.length; length++) {
      expect(carried(whole.subarray(0, length))).toBeUndefined();
    }
  });

  test("is read within its bytes alone", () => {
    const whole = stunRequest(packet);
    const around = Buffer.concat([Buffer.alloc(7, 1), whole, Buffer.alloc(9, 2)]);
    expect(carried(around.subarray(7, 7 + whole.length))).toEqual(packet);
  });
});
