import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FwknopDevice } from "../../test/support/fwknop-device.ts";
import { address } from "../../test/support/packets.ts";
import type { FwknopDigest } from "./fwknop-lock.ts";
import { fwknopDigests, makeFwknopLock, readFwknopKey } from "./fwknop-lock.ts";
import { hasFwknopHmac, openFwknop, readFwknopText } from "./fwknop-packet.ts";

interface Vector {
  readonly name: string;
  readonly text: string;
  readonly stanza: { readonly key: string; readonly hmacKey?: string; readonly hmacType?: string };
  readonly fields: {
    readonly time: number;
    readonly user: string;
    readonly message: string;
    readonly timeout?: number;
  };
}

/** Packets that Debian's fwknop 2.6.10 made. */
const vectors: readonly Vector[] = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../test/fixtures/fwknop-vectors.json"), "utf8"),
);

/** Those that are refused, by the check that does it. All others are accepted. */
const refused: Readonly<Record<string, readonly string[]>> = {
  hmac: [
    ...["access, no HMAC", "HMAC md5", "HMAC sha1", "HMAC sha3_256", "HMAC sha3_512"],
    ...["legacy long key 40", "text key (--key-rijndael)", "text key, legacy"],
    "text key 20 chars, legacy",
  ],
  cipher: ["mode ecb", "mode cfb", "mode ofb", "mode ctr"],
  fields: ["digest md5", "digest sha1", "digest sha3_256"],
  type: [
    ...["NAT access", "NAT access + timeout", "NAT with a name", "local NAT"],
    ...["local NAT + timeout", "command", "command, colons"],
  ],
};

function open({ text, stanza }: Vector) {
  const hmac = fwknopDigests.find((one) => one === stanza.hmacType) ?? "sha256";
  const hmacKey = Buffer.from(stanza.hmacKey ?? "another", "base64");
  const lock = makeFwknopLock(Buffer.from(stanza.key, "base64"), hmacKey, hmac);
  expect(readFwknopText(Buffer.from(text))).toBe(text);
  return hasFwknopHmac(lock, text) ? openFwknop(lock, text) : "hmac";
}

describe("packets of fwknop's client", () => {
  test.each(vectors)("$name", (vector) => {
    const check = Object.keys(refused).find((one) => refused[one]?.includes(vector.name));
    const opened = open(vector);
    if (check !== undefined) return expect(opened).toBe(check);
    const { time, user, message, timeout } = vector.fields;
    const [source = "", ...services] = message.split(",");
    expect(opened).toMatchObject({ time: time * 1000, user, seconds: timeout ?? 0 });
    if (typeof opened === "string") return;
    const isZero = source === "0.0.0.0";
    expect(`${opened.address}`).toBe(isZero ? "::" : source);
    expect(opened.services.map(({ protocol, port }) => `${protocol}/${port}`)).toEqual(services);
    expect(Buffer.from(opened.digest, "base64url")).toHaveLength(32);
  });
});

const bob = new FwknopDevice("bob/phone");
const time = 1_800_000_000_000;
const openText = (packet: Buffer) => {
  const text = readFwknopText(packet) ?? "";
  return hasFwknopHmac(bob.lock, text) ? openFwknop(bob.lock, text) : "hmac";
};

test.each(fwknopDigests)("an HMAC of %s, and none of another length", (hmac: FwknopDigest) => {
  const device = new FwknopDevice("carol/phone", hmac);
  const text = device.packet({ time }).toString();
  for (const other of fwknopDigests) {
    expect(hasFwknopHmac({ ...device.lock, hmac: other }, text)).toBe(other === hmac);
  }
});

test.each(["sha256", "sha384", "sha512"])("a digest of %s in the message", (digest) => {
  expect(openText(bob.packet({ time, digest }))).toMatchObject({ time, user: "bob" });
});

test("a packet whose text is cut, prolonged or changed has no HMAC", () => {
  const packet = bob.packet({ time });
  for (let length = 0; length < packet.length; length++) {
    const cut = packet.subarray(0, length);
    expect(["hmac", undefined]).toContain(readFwknopText(cut) && openText(cut));
  }
  expect(openText(Buffer.concat([packet, Buffer.from("A")]))).toBe("hmac");
  for (let at = 0; at < packet.length; at++) {
    const changed = Buffer.from(packet);
    changed[at] = changed[at] === 0x41 ? 0x42 : 0x41;
    expect(openText(changed)).toBe("hmac");
  }
});

test("100 to 880 characters of base64, and nothing else, are a text", () => {
  expect(readFwknopText(Buffer.alloc(99, "A"))).toBeUndefined();
  expect(readFwknopText(Buffer.alloc(100, "A"))).toHaveLength(100);
  expect(readFwknopText(Buffer.alloc(880, "A"))).toHaveLength(880);
  expect(readFwknopText(Buffer.alloc(881, "A"))).toBeUndefined();
  for (const character of ["=", "\n", "-", "_", " ", "\0", "\xc1"]) {
    const payload = Buffer.from(`${"A".repeat(120)}${character}`, "latin1");
    expect(readFwknopText(payload)).toBeUndefined();
  }
});

describe("a message", () => {
  const good = "1234567890123456:Ym9i:1800000000:3.0.0:1:MTkyLjAuMi43LHRjcC8yMg";
  test.each([
    ["a user without a name", good.replace("Ym9i", ""), undefined],
    ["15 digits", good.slice(1), "fields"],
    ["a character that is no base64", good.replace("Ym9i", "Ym9-"), "fields"],
    ["no time", good.replace("1800000000", ""), "fields"],
    ["a time of 11 digits", good.replace("1800000000", "18000000000"), "fields"],
    ["a version of letters", good.replace("3.0.0", "x"), "fields"],
    ["type 7", good.replace(":1:M", ":7:M"), "fields"],
    ["type 3 without a time-out", good.replace(":1:M", ":3:M"), "fields"],
    ["type 1 with a time-out", `${good}:60`, "fields"],
    ["a field too many", `${good.replace(":1:M", ":3:M")}:60:60`, "fields"],
    ["a time-out of letters", `${good.replace(":1:M", ":3:M")}:x`, "fields"],
    ["no service", good.replace(/:M.*$/, ":MTkyLjAuMi43"), "fields"],
    ["nothing", "", "fields"],
  ])("with %s", (_, plain, fault) => {
    const opened = openText(bob.packet({ time, plain }));
    if (fault === undefined) expect(opened).toMatchObject({ user: "" });
    else expect(opened).toBe(fault);
  });

  test.each(["tcp/0", "tcp/65536", "icmp/1", "tcp", "none/0", "tcp/22/1", ""])(
    "that asks for %j is refused",
    (service) => {
      const message = `192.0.2.7,tcp/22,${service}`;
      expect(openText(bob.packet({ time, message }))).toBe("fields");
    },
  );

  test("of another name is that of IPv6, too", () => {
    const message = "2001:db8::7,tcp/22";
    expect(openText(bob.packet({ time, message }))).toMatchObject({
      address: address("2001:db8::7"),
    });
  });

  test.each([43, 64, 86])("with %i characters for a digest that are no base64", (length) => {
    expect(openText(bob.seal(`${good}:${"é".repeat(length)}`))).toBe("fields");
  });

  test("has one digest, however it is sealed", () => {
    const plain = `${good}:${"x".repeat(43)}`;
    expect(openText(bob.seal(plain))).toBe("fields");
    const [first, second] = [bob.packet({ time, plain: good }), bob.packet({ time, plain: good })];
    expect(first).not.toEqual(second);
    const digests = [first, second].map((packet) => {
      const opened = openText(packet);
      return typeof opened === "string" ? opened : opened.digest;
    });
    expect(digests[0]).toHaveLength(43);
    expect(digests[1]).toBe(digests[0]);
  });
});

test("no bytes make it throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 900 }), (bytes) => {
      const text = readFwknopText(bytes) ?? Buffer.from(bytes).toString("base64").slice(0, 880);
      hasFwknopHmac(bob.lock, text);
      openFwknop(bob.lock, text);
    }),
  );
  fc.assert(fc.property(fc.string(), (plain) => void openText(bob.seal(plain))));
});

test("keys in base64 have one spelling, and a length", () => {
  expect(readFwknopKey(bob.keyText, 32)).toHaveLength(32);
  expect(readFwknopKey(bob.keyText, 31)).toBeUndefined();
  for (const text of ["", "AA", "AA=", "AB==", "A A=", "AA==\n", "*"]) {
    expect(readFwknopKey(text, 32)).toBeUndefined();
  }
  expect(readFwknopKey("AA==", 32)).toEqual(Buffer.from([0]));
});
