import { describe, expect, test } from "vitest";
import { parseConfig } from "../parse.ts";
import { parseUsers } from "../users.ts";
import { migrateAccess } from "./access-migration.ts";
import { isAccessFile, readAccess } from "./access-stanzas.ts";

const key = Buffer.alloc(32, 1).toString("base64");
const key2 = Buffer.alloc(32, 2).toString("base64");
const hmac = Buffer.alloc(64, 3).toString("base64");
const keys = `KEY_BASE64 ${key}\nHMAC_KEY_BASE64 ${hmac}\n`;
const keys2 = `KEY_BASE64 ${key2}\nHMAC_KEY_BASE64 ${hmac}\n`;

const none = { doors: [], devices: [] };

function migrate(text: string, files: Readonly<Record<string, string>> = {}, taken = none) {
  const read = readAccess("/f/access.conf", text, {
    read: (path) => files[path] ?? missing(path),
    list: (folder) => Object.keys(files).filter((path) => path.startsWith(`${folder}/`)),
  });
  const migration = migrateAccess(read.stanzas, taken);
  const say = ({ file, line, text: what }: { file: string; line: number; text: string }) =>
    `${file}:${line}: ${what}`;
  return {
    ...migration,
    refused: [...read.problems, ...migration.refused].map(say),
    changes: migration.changes.map(say),
  };
}

function missing(path: string): never {
  throw new Error(`no ${path}`);
}

/** Reads what was made as knockd does. */
function parse({ doors, users }: { readonly doors: string; readonly users: string }) {
  const config = parseConfig(`[options]\nFwknopPort = 62201\n${doors}`);
  const parsed = parseUsers(users);
  expect(config.problems.filter(({ severity }) => severity === "error")).toEqual([]);
  expect(parsed.problems).toEqual([]);
  return { doors: config.config?.doors ?? [], devices: parsed.devices };
}

describe("is taken over", () => {
  test("the usual stanza, to the letter", () => {
    const made = migrate(`# ours\nSOURCE  ANY\nOPEN_PORTS  tcp/22\n${keys}`);
    expect(made).toMatchObject({ refused: [], changes: [], devices: ["fwknop/1"] });
    expect(made.doors).toBe(`[fwknop-1]
    users    = fwknop/1
    open     = tcp/22
    open_for = 30s
    longest  = 300s
`);
    expect(made.users).toBe(`[fwknop/1]
    fwknop_key      = ${key}
    fwknop_hmac_key = ${hmac}
`);
    expect(parse(made).devices[0]?.fwknop?.hmac).toBe("sha256");
  });

  test("an old spelling, and passphrases with a warning that quotes none", () => {
    const made = migrate(
      "SOURCE: ANY;\nOPEN_PORTS: tcp/22, udp/53;\nKEY: open sesame;\nHMAC_KEY: barley;\n",
    );
    expect(made.refused).toEqual([]);
    expect(made.changes).toHaveLength(2);
    expect(made.changes.join()).toContain("/f/access.conf:3: KEY is a passphrase");
    expect(made.changes.join()).not.toMatch(/barley|open sesame/);
    expect(made.users).toContain(Buffer.from("open sesame").toString("base64"));
    expect(parse(made).doors[0]?.action).toMatchObject({ services: [{ port: 22 }, { port: 53 }] });
  });

  // As fwknopd --dump-config counts the characters.
  test.each([
    ["open#sesame", "open#sesame"],
    ["abc # x", "abc # x"],
    ["abc;defg", "abc"],
    ["abc ; x", "abc "],
    ["abc  ", "abc  "],
    ['"ab c"', '"ab c"'],
    ["abc\r", "abc"],
  ])("a passphrase %j as fwknopd reads it", (value, passphrase) => {
    const made = migrate(`SOURCE ANY\nOPEN_PORTS tcp/22 ; ssh\nKEY ${value}\nHMAC_KEY barley\n`);
    expect(made.refused).toEqual([]);
    expect(made.users).toContain(
      `fwknop_key      = ${Buffer.from(passphrase).toString("base64")}\n`,
    );
  });

  test("networks, and ports less those that are restricted", () => {
    const made = migrate(
      `SOURCE 192.168.10.0/24, 10.1.1.123\nOPEN_PORTS tcp/22,tcp/80,udp/53\nRESTRICT_PORTS tcp/80\n${keys}`,
    );
    expect(made.users).toContain("    allow           = 192.168.10.0/24, 10.1.1.123\n");
    expect(made.doors).toContain("open     = tcp/22, udp/53\n");
    expect(parse(made).devices[0]?.allow).toHaveLength(2);
  });

  test("two stanzas with the same ports as one door, and others as another", () => {
    const made = migrate(
      [
        `SOURCE ANY\nOPEN_PORTS tcp/22\nREQUIRE_USERNAME bob\n${keys}`,
        `SOURCE ANY\nOPEN_PORTS tcp/22\nREQUIRE_USERNAME Carol\n${keys2}`,
        `SOURCE ANY\nOPEN_PORTS tcp/22\nFW_ACCESS_TIMEOUT 3600\n${keys2.replace(key2, `${hmac.slice(0, 42)}M=`)}`,
      ].join("\n"),
    );
    expect(made.refused).toEqual([]);
    expect(made.devices).toEqual(["bob/fwknop", "carol/fwknop", "fwknop/3"]);
    const { doors, devices } = parse(made);
    expect(doors.map(({ name, users }) => [name, users])).toEqual([
      ["fwknop-1", ["bob/fwknop", "carol/fwknop"]],
      ["fwknop-3", ["fwknop/3"]],
    ]);
    // MAX_FW_TIMEOUT bounds what a packet asks for, and not what the stanza says.
    expect(doors[1]).toMatchObject({ longest: 3_600_000, action: { openFor: 3_600_000 } });
    expect(devices.map(({ fwknopUser }) => fwknopUser)).toEqual(["bob", "Carol", undefined]);
  });

  test("times, digests, addresses and the end of access", () => {
    const made = migrate(
      `SOURCE ANY\nDESTINATION ANY\nOPEN_PORTS tcp/22\nFW_ACCESS_TIMEOUT 60\nMAX_FW_TIMEOUT 7200
HMAC_DIGEST_TYPE sha512\nENCRYPTION_MODE CBC\nREQUIRE_SOURCE_ADDRESS Y\nACCESS_EXPIRE 03/01/2030\n${keys}`,
    );
    expect(made.refused).toEqual([]);
    expect(made.changes).toEqual([
      "/f/access.conf:9: ACCESS_EXPIRE: the last day is 2030-02-28, in UTC",
    ]);
    const { doors, devices } = parse(made);
    expect(doors[0]).toMatchObject({ longest: 7_200_000, action: { openFor: 60_000 } });
    expect(devices[0]).toMatchObject({ fwknopHmac: "sha512", requireAddress: true });
    expect(devices[0]?.expires).toBe(Date.UTC(2030, 2, 1));
  });

  test("an end in seconds: the last whole day before", () => {
    const made = migrate(`SOURCE ANY\nOPEN_PORTS tcp/22\nACCESS_EXPIRE_EPOCH 1900000000\n${keys}`);
    expect(made.users).toContain("expires         = 2030-03-16\n");
    expect(parse(made).devices[0]?.expires).toBeLessThanOrEqual(1_900_000_000_000);
  });

  test("switches that are off, as nothing", () => {
    const made = migrate(
      `SOURCE ANY\nOPEN_PORTS tcp/22\nENABLE_CMD_EXEC N\nFORCE_MASQUERADE n\nGPG_REQUIRE_SIG N\n${keys}`,
    );
    expect(made.refused).toEqual([]);
  });

  test("files that are included: stanzas, a folder, and keys", () => {
    const files = {
      "/etc/fwknop/bob.conf": `SOURCE ANY\nOPEN_PORTS tcp/22\n%include_keys bob.keys\n`,
      "bob.keys": `${keys}SOURCE 10.0.0.0/8\n`,
      "more/a.conf": `SOURCE ANY\nOPEN_PORTS udp/51820\n${keys2}`,
    };
    const text = "%include /etc/fwknop/bob.conf\n%include_folder more\n%include gone\n";
    const made = migrate(text, files);
    expect(made.devices).toEqual(["fwknop/2"]);
    expect(made.refused).toEqual([
      '/f/access.conf:3: cannot include "gone": no gone',
      "bob.keys:3: SOURCE: a file of keys has only keys",
    ]);
    const sound = migrate(text.replace("%include gone\n", ""), { ...files, "bob.keys": keys });
    expect(sound.refused).toEqual([]);
    expect(parse(sound).devices.map(({ name }) => name)).toEqual(["fwknop/1", "fwknop/2"]);
  });

  test("files that are included, and the stanza goes on", () => {
    const files = {
      more: `OPEN_PORTS tcp/80\nSOURCE ANY\nOPEN_PORTS tcp/22\n${keys2}`,
      "bob.keys": keys,
    };
    const text = `SOURCE 10.0.0.0/8\nOPEN_PORTS udp/53\n%include_keys bob.keys
%include more\nREQUIRE_SOURCE_ADDRESS Y\n`;
    const made = migrate(text, files);
    expect(made.refused).toEqual(["more:1: OPEN_PORTS stands before the first SOURCE"]);
    const { devices } = parse(made);
    expect(devices.map(({ allow, requireAddress }) => [allow?.length, requireAddress])).toEqual([
      [1, true],
      [undefined, false],
    ]);
  });

  test.each([
    ["yes", true],
    ["Y", true],
    ["y # always", true],
    ["no", false],
    ["1", false],
  ])("REQUIRE_SOURCE_ADDRESS %s as fwknopd reads it", (value, expected) => {
    const made = migrate(
      `SOURCE ANY\nOPEN_PORTS tcp/22\nREQUIRE_SOURCE_ADDRESS ${value}\nFORWARD_ALL no\n${keys}`,
    );
    expect(made.refused).toEqual([]);
    expect(parse(made).devices[0]?.requireAddress).toBe(expected);
  });

  test("names that are free", () => {
    const made = migrate(`SOURCE ANY\nOPEN_PORTS tcp/22\n${keys}`, {}, {
      ...{ doors: ["FWKNOP-1"], devices: ["fwknop/1"] },
    } as never);
    expect([made.devices, made.doors.split("\n")[0]]).toEqual([["fwknop/1-2"], "[fwknop-1-2]"]);
  });
});

describe("is named with its line, and its stanza left out", () => {
  const plain = `SOURCE ANY\nOPEN_PORTS tcp/22\n`;
  test.each([
    ["no HMAC key", `${plain}KEY_BASE64 ${key}\n`, "1: there is no HMAC key: fwknop --key-gen"],
    ["GnuPG", `${plain}GPG_DECRYPT_ID ABCD1234\n${keys}`, "3: GPG_DECRYPT_ID ABCD1234: GnuPG is"],
    ["commands", `${plain}ENABLE_CMD_EXEC Y\n${keys}`, "3: ENABLE_CMD_EXEC Y: commands are"],
    [
      "command cycles",
      `SOURCE ANY\nCMD_CYCLE_OPEN /bin/true $IP\nOPEN_PORTS tcp/22\n${keys}`,
      "2: CMD_CYCLE_OPEN /bin/true $IP: commands are",
    ],
    [
      "forwarding",
      `${plain}FORCE_NAT 10.0.0.5 22\n${keys}`,
      "3: FORCE_NAT 10.0.0.5 22: forwarding",
    ],
    ["a mode", `${plain}ENCRYPTION_MODE legacy\n${keys}`, "3: ENCRYPTION_MODE legacy: CBC is"],
    ["a digest", `${plain}HMAC_DIGEST_TYPE MD5\n${keys}`, "3: HMAC_DIGEST_TYPE MD5: SHA256"],
    ["a destination", `${plain}DESTINATION 192.0.2.1\n${keys}`, "3: DESTINATION 192.0.2.1: a door"],
    ["the placeholder", `${plain}${keys.replace(key, "__CHANGEME__")}`, "3: KEY_BASE64 is still"],
    ["a key that is no base64", `${plain}${keys.replace(key, "abc")}`, "3: KEY_BASE64 is not 1 to"],
    [
      "a passphrase that is too long",
      `${plain}KEY ${"x".repeat(33)}\nHMAC_KEY y\n`,
      "3: KEY is not",
    ],
    ["two keys", `${plain}KEY abc\n${keys}`, "4: KEY and KEY_BASE64 are both there"],
    ["a line twice", `${plain}OPEN_PORTS tcp/80\n${keys}`, "3: OPEN_PORTS stands twice"],
    ["a wrong port", `SOURCE ANY\nOPEN_PORTS tcp/0\n${keys}`, '2: "tcp/0" is not tcp/PORT'],
    ["nothing left", `${plain}RESTRICT_PORTS tcp/22\n${keys}`, "2: OPEN_PORTS leaves nothing"],
    ["a wrong source", `SOURCE example\nOPEN_PORTS tcp/22\n${keys}`, '1: "example" is not a netw'],
    ["no time", `${plain}FW_ACCESS_TIMEOUT 0\n${keys}`, "3: FW_ACCESS_TIMEOUT is not a number"],
    ["a wrong day", `${plain}ACCESS_EXPIRE 02/30/2030\n${keys}`, "3: ACCESS_EXPIRE is not MM/DD"],
    ["month 31", `${plain}ACCESS_EXPIRE 31/12/2027\n${keys}`, "3: ACCESS_EXPIRE is not MM/DD"],
    ["month 0", `${plain}ACCESS_EXPIRE 00/12/2027\n${keys}`, "3: ACCESS_EXPIRE is not MM/DD"],
    [
      "two ends",
      `${plain}ACCESS_EXPIRE 03/01/2030\nACCESS_EXPIRE_EPOCH 1800000000\n${keys}`,
      "4: ACCESS_EXPIRE and ACCESS_EXPIRE_EPOCH are both there",
    ],
    ["forwarding in a word", `${plain}FORWARD_ALL yes\n${keys}`, "3: FORWARD_ALL yes: forwarding"],
    ["another word", `${plain}COLOUR blue\n${keys}`, "3: COLOUR: it is not known"],
    ["a user with a blank", `${plain}REQUIRE_USERNAME a b\n${keys}`, "3: REQUIRE_USERNAME a b: a"],
    ["a line before all", `OPEN_PORTS tcp/22\n`, "1: OPEN_PORTS stands before the first SOURCE"],
    ["another include", `${plain}%includes x\n`, "3: %includes is not known"],
  ])("%s", (_, text, note) => {
    const made = migrate(text);
    expect(made.refused.join("\n")).toContain(`/f/access.conf:${note}`);
    expect([made.doors, made.users, made.devices]).toEqual(["", "", []]);
    expect(made.refused.join("\n")).not.toContain(key.slice(0, 20));
  });

  test("a key of another stanza, which stays", () => {
    const stanza = `SOURCE ANY\nOPEN_PORTS tcp/22\n${keys}`;
    const made = migrate(stanza + stanza);
    expect(made.devices).toEqual(["fwknop/1"]);
    expect(made.refused).toEqual([
      "/f/access.conf:5: its key is that of the stanza at line 1: give each device its own",
    ]);
  });

  test.each([
    ["HMAC_KEY_BASE_64", "it is not known"],
    ["GPG_DECRYPT_PW", "GnuPG is not supported"],
    ["FORCE_KEY", "forwarding is that of a door"],
    [key.slice(0, 43), "THIS LINE: it is not known"],
    ['"KEY"', "THIS LINE: it is not known"],
  ])("%s, without a secret that may follow it", (name, note) => {
    const { refused } = migrate(`${plain}${name} barley\n${keys}`);
    expect(refused.join("\n")).toContain(note);
    expect(refused.join("\n")).not.toMatch(/barley|AQEBAQ/);
  });

  test("a file of keys with something else", () => {
    const made = migrate(`${plain}%include_keys k\n`, { k: `${keys}REQUIRE_USERNAME bob\n` });
    expect(made.refused).toEqual(["k:3: REQUIRE_USERNAME bob: a file of keys has only keys"]);
    expect(made.devices).toEqual([]);
    expect(migrate("%include_keys k\n", { k: keys }).refused).toEqual([
      "/f/access.conf:1: %include_keys stands before the first SOURCE",
    ]);
  });

  test("files that include several others, again and again", () => {
    let reads = 0;
    const text = "%include a\n".repeat(20);
    const { problems } = readAccess("/f", text, {
      read: () => {
        reads++;
        return text;
      },
      list: () => [],
    });
    expect(reads).toBe(1000);
    expect(problems.some((one) => one.text.includes("more than 1000 files"))).toBe(true);
  });

  test("files that include each other", () => {
    const made = migrate("%include a\n", { a: "%include a\n" });
    expect(made.refused).toEqual(["a:1: %include: files include each other"]);
  });
});

test("without OPEN_PORTS the door is a comment, and the device waits for it", () => {
  const made = migrate(`SOURCE ANY\nRESTRICT_PORTS tcp/22\n${keys}`);
  expect(made.refused.join()).toContain("1: without OPEN_PORTS, each packet says what to open");
  expect(made.changes).toEqual(["/f/access.conf:2: RESTRICT_PORTS: leave these out of open"]);
  expect(made.doors).toMatch(/^(# .*\n)+$/);
  expect(made.doors).toContain("# [fwknop-1]\n");
  const { doors, devices } = parse(made);
  expect([doors.length, devices.length]).toEqual([0, 1]);
});

test.each([
  ["SOURCE ANY\n", true],
  ["# x\n  SOURCE: ANY;\n", true],
  ["%include_folder /etc/fwknop/access.d\n", true],
  ["[options]\nSOURCE ANY\n", false],
  ["[ssh]\nsequence = 7000\n", false],
  ["", false],
])("%j is an access.conf: %s", (text, expected) => {
  expect(isAccessFile(text)).toBe(expected);
});
