import { migrateAccess } from "../../../src/config/edit/access-migration.ts";
import { readAccess } from "../../../src/config/edit/access-stanzas.ts";
import { parseConfig } from "../../../src/config/parse.ts";
import { parseUsers } from "../../../src/config/users.ts";
import type { FuzzTarget } from "../target.ts";
import { promise, words } from "../target.ts";

const secrets = [1, 2].map((nth) => Buffer.alloc(32, nth * 77).toString("base64"));
const lines = [
  ...["SOURCE ANY", "SOURCE: 192.0.2.0/24, 10.0.0.1;", "SOURCE x", "OPEN_PORTS tcp/22, udp/53"],
  ...["OPEN_PORTS tcp/0", "RESTRICT_PORTS tcp/22", "KEY open # sesame", "HMAC_KEY barley", "KEY"],
  ...secrets.flatMap((one) => [`KEY_BASE64 ${one}`, `HMAC_KEY_BASE64 ${one}`, `KEYBASE64 ${one}`]),
  ...["HMAC_DIGEST_TYPE sha512", "HMAC_DIGEST_TYPE md5", "FW_ACCESS_TIMEOUT 60"],
  ...["MAX_FW_TIMEOUT 5", "FW_ACCESS_TIMEOUT 999999999", "ACCESS_EXPIRE 03/01/2030"],
  ...["ACCESS_EXPIRE 1/1/0000", "ACCESS_EXPIRE_EPOCH 99999999999", "REQUIRE_SOURCE_ADDRESS Y"],
  ...["REQUIRE_USERNAME bob", 'REQUIRE_USERNAME "b[]=;', "ENABLE_CMD_EXEC Y", "FORCE_NAT 1 2"],
  ...[
    "GPG_DECRYPT_PW open",
    "%include a",
    "%include_folder d",
    "%include_keys k",
    "# x",
    "; x",
    "",
  ],
];

/** An access.conf: what is taken over is sound, and no note has a part of a key. */
export const accessTarget: FuzzTarget = {
  name: "access",
  covers: ["src/config/edit/access-"],
  longest: 4000,
  words: words(...lines, "\n", "\r\n", ":", ";", "#", "\0", "\u200b", "\ufeff", "["),
  make(random) {
    const some = random.several(0, 8, () => random.pick(lines));
    return Buffer.from(["SOURCE ANY", ...lines.slice(3, 4), ...some].join("\n"));
  },
  limit: (length) => 50 + length / 20,
  run(input) {
    const text = Buffer.from(input).toString();
    const read = readAccess("/f", text, {
      read: (path) =>
        path === "k" ? `KEY_BASE64 ${secrets[0]}\nHMAC_KEY barley\n` : "SOURCE ANY\n",
      list: () => ["d/1"],
    });
    const made = migrateAccess(read.stanzas, { doors: [], devices: [] });
    const notes = [...read.problems, ...made.refused, ...made.changes]
      .map((one) => one.text)
      .join();
    const open = text.split("\n").filter((one) => !/^\s*\w*(?:KEY|PW)/i.test(one));
    const hidden = secrets
      .map((one) => one.slice(0, 20))
      .filter((one) => !open.join().includes(one));
    const isSilent = !hidden.some((one) => notes.includes(one));
    promise(isSilent, "a note has a part of a key");
    const users = parseUsers(made.users);
    promise(users.problems.length === 0, `the users file: ${users.problems[0]?.message}`);
    promise(users.devices.length === made.devices.length, "a device is lost");
    const config = parseConfig(`[options]\nFwknopPort = 62201\n${made.doors}`);
    const error = config.problems.find(({ severity }) => severity === "error");
    promise(error === undefined, `the doors: ${error?.message}`);
    return `${Math.min(made.devices.length, 2)}: ${notes.replaceAll(/".*?"|\d/g, "").slice(0, 30)}`;
  },
};
