import { describe, expect, test } from "vitest";
import { FwknopDevice } from "../../test/support/fwknop-device.ts";
import { makeKey } from "../knock/keys.ts";
import { keyIdsOf, parseUsers } from "./users.ts";

/** The texts of the nth key. */
function key(nth: number) {
  return makeKey(new Uint8Array(64).fill(nth));
}

const [one, two, three] = [key(1), key(2), key(3)].map(({ lock }) => lock);

function messages(text: string): string[] {
  return parseUsers(text).problems.map(
    ({ severity, line, column, message }) => `${severity} ${line}:${column}: ${message}`,
  );
}

const full = `# written by knockctl user
[alice/laptop]
    key     = ${one}   # the first
    key     = ${two}
    groups  = admins, staff
    expires = 2027-03-31
[backup/nas-1.b]
    KEY     = ${three}
    allow   = 192.0.2.0/24
    require_address = yes
    elsewhere = 203.0.113.0/28, 2001:db8::/64
    disabled = yes
`;

test("a whole file", () => {
  const { devices, problems } = parseUsers(full);
  expect(problems).toEqual([]);
  expect(devices.map(({ name, locks }) => [name, locks.length])).toEqual([
    ["alice/laptop", 2],
    ["backup/nas-1.b", 1],
  ]);
  const [alice, backup] = devices;
  expect(alice).toMatchObject({
    ...{ groups: ["admins", "staff"], expires: Date.UTC(2027, 3, 1), allow: undefined },
    ...{ requireAddress: false, elsewhere: [], disabled: false },
  });
  expect(backup).toMatchObject({ requireAddress: true, disabled: true });
  expect(backup?.elsewhere).toHaveLength(2);
});

test("a key that is known is not made again, and half of one is not known", () => {
  const { devices } = parseUsers(full);
  const again = parseUsers(full, devices);
  expect(again.devices.map(({ locks }) => locks)).toEqual(devices.map(({ locks }) => locks));
  const known = devices.flatMap(({ locks }) => locks);
  const same = again.devices.flatMap(({ locks }) => locks);
  expect(same.map((lock, i) => lock === known[i])).toEqual([true, true, true]);
  const mixed = makeKey(new Uint8Array(64).fill(1, 0, 32).fill(9, 32)).lock;
  const [other] = parseUsers(`[a/b]\nkey = ${mixed}\n`, devices).devices;
  expect(other?.locks[0]?.id).not.toBe(known[0]?.id);
  expect(other?.locks[0]?.secretDigest).toBe(known[0]?.secretDigest);
});

describe("keys of fwknop", () => {
  const bob = new FwknopDevice("bob/phone");
  const keys = `fwknop_key = ${bob.keyText} # of the phone\nFWKNOP_HMAC_KEY=${bob.hmacKeyText}\n`;

  test("are a device", () => {
    const text = `[bob/phone]\n${keys}fwknop_hmac = sha512\nfwknop_user = bob\n`;
    const { devices, problems } = parseUsers(text);
    expect(problems).toEqual([]);
    const [device] = devices;
    expect(device).toMatchObject({ locks: [], fwknopHmac: "sha512", fwknopUser: "bob" });
    expect(device?.fwknop).toMatchObject({ id: bob.lock.id, hmac: "sha512" });
    expect(device && keyIdsOf(device)).toEqual([bob.lock.id]);
  });

  test.each([
    ["one key alone", `fwknop_key = ${bob.keyText}\n`, "2:14: the device has no fwknop_hmac_key"],
    ["the other alone", `fwknop_hmac_key = AAAA\n`, "2:19: the device has no fwknop_key"],
    ["both kinds", `key = ${one}\n${keys}`, "3:14: a device has key or fwknop_key"],
    [
      "another text",
      `fwknop_key = secretsecret=\nfwknop_hmac_key = AAAA\n`,
      "2:14: fwknop_key is not 1 to 32 bytes in base64",
    ],
    [
      "a key that is too long",
      `fwknop_key = ${"AAAA".repeat(11)}\nfwknop_hmac_key = AAAA\n`,
      "2:14: fwknop_key is not 1 to 32 bytes in base64",
    ],
    ["a key twice", `${keys}fwknop_key = AAAA\n`, "4:14: fwknop_key stands twice in this section"],
    ["MD5", `${keys}fwknop_hmac = md5\n`, "4:15: Fwknop_HMAC: expected sha256 or sha384"],
    [
      "another's key",
      `${keys}[eve/x]\n${keys}`,
      "5:14: this key, or half of it, is also in [bob/phone]",
    ],
  ])("with %s have an error, which quotes none", (_, text, message) => {
    const found = messages(`[bob/phone]\n${text}`);
    expect(found.join("\n")).toContain(message);
    expect(found.join("\n")).not.toMatch(/secretsecret|[A-Za-z0-9+/]{20}/);
  });
});

describe("an error costs the device, and no other", () => {
  const good = `[good/one]\nkey = ${three}\n`;

  test.each<[string, string, string]>([
    ["no key", "", "5:1: the device has no key"],
    [
      "a third key",
      `key=${one}\nkey=${two}\nkey=${key(4).lock}\n`,
      "8:5: a device has 2 keys at most",
    ],
    [
      "half a key",
      `key=${one?.slice(0, 50)}\n`,
      "6:5: the key is not lock1: and 91 characters of a-z, A-Z, 0-9, - and _",
    ],
    [
      "the device's half",
      `key=${key(1).key}\n`,
      "6:5: this is the device's half of a key, which must not be here",
    ],
    ["a wrong day", `key=${one}\nexpires=2027-02-30\n`, '7:9: Expires: "2027-02-30" is not a day'],
    [
      "a wrong month",
      `key=${one}\nexpires=2027-13-31\n`,
      '7:9: Expires: "2027-13-31" is not a day',
    ],
    ["no month", `key=${one}\nexpires=2027-00-31\n`, '7:9: Expires: "2027-00-31" is not a day'],
    [
      "a directive twice",
      `key=${one}\ndisabled=yes\nDISABLED=no\n`,
      "8:1: Disabled stands twice in this section",
    ],
    [
      "a wrong network",
      `key=${one}\nallow=192.0.2.0/24, x\n`,
      '7:21: Allow: "x" is not an address',
    ],
    ["a key elsewhere", `key=${one}\nallow=${two}\n`, "7:7: Allow is not a key"],
    ["an unknown directive", `key=${one}\ngroup=x\n`, '7:7: unknown directive "group"'],
    ["a key that goes on", `key=${one}\n${two?.slice(30)}\n`, "7:1: unknown directive"],
    ["no value", `key=${one}\ngroups\n`, "7:1: Groups needs a value"],
    ["a shared key", `key=${three}\n`, "6:5: this key, or half of it, is also in [good/one]"],
    [
      "a key twice",
      `key=${one}\nkey=${one}\n`,
      "7:5: this key, or half of it, is twice in this section",
    ],
  ])("%s", (_, lines, expected) => {
    const text = `${good}\n\n[bad/one]\n${lines}`;
    expect(messages(text)).toEqual([`error ${expected}`]);
    expect(parseUsers(text).devices.map(({ name }) => name)).toEqual(["good/one"]);
  });

  test.each([
    "[alice]",
    "[Alice/x]",
    "[a/b/c]",
    "[../x]",
    "[alice/$(reboot)]",
    `[a/${"b".repeat(33)}]`,
  ])("the name %s", (head) => {
    const text = `${head}\nkey = ${one}\n`;
    expect(messages(text)).toEqual(["error 1:1: the name of a section is not PERSON/DEVICE"]);
    expect(parseUsers(text).devices).toEqual([]);
  });
});

test("a name that comes twice, and a line before all sections", () => {
  const text = `groups = x\n[a/b]\nkey = ${one}\n[a/b]\nkey = ${two}\n`;
  expect(messages(text)).toEqual([
    "error 1:1: all directives must belong to a section",
    "error 4:1: another section has this name",
  ]);
});

test.each(["[alice/laptop", "[]"])("a broken section header makes no device: %s", (head) => {
  const { devices, problems } = parseUsers(`${head}\nkey = ${one}\ngroups = admins\n`);
  expect(devices).toEqual([]);
  expect(problems).toHaveLength(1);
});

test("no problem and no device shows a key", () => {
  const secrets = [key(1), key(2)].flatMap((texts) => [texts.lock, texts.key]);
  const parts = secrets.flatMap((text) => [text.slice(6, 26), text.slice(40, 60), text.slice(-20)]);
  for (const secret of secrets) {
    const places = [
      ...[
        secret,
        `[${secret}]`,
        `[a/b]\n${secret}`,
        `[a/b]\nkey ${secret}`,
        `[a/b]\nkey=x${secret}`,
      ],
      ...["groups", "expires", "allow", "elsewhere", "disabled", "require_address", "xkey"].map(
        (name) => `[a/b]\n${name} = ${secret}`,
      ),
      ...["groups", "expires", "allow", "elsewhere", "disabled", "require_address"].flatMap(
        (name) => [
          `[a/b]\n${name} = ${secret.slice(6)}`,
          `[a/b]\n${name} = x, ${secret.slice(-60)}`,
        ],
      ),
      `[a/b]\nkey = ${secret} ${secret}`,
      `[a/b]\n${secret} = ${secret}`,
      `[a/b]\nkey = ${secret.slice(0, -1)}`,
      `[${secret}]\nkey = ${secret}\n[b/b]\nkey = ${secret}`,
    ];
    for (const text of places) {
      const { problems, devices } = parseUsers(text);
      const shown = JSON.stringify([problems, devices]);
      for (const part of parts) expect(shown, text).not.toContain(part);
    }
  }
});
