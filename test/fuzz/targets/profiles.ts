import { KnockError } from "../../../src/base/errors.ts";
import { findSettings, readHostBlocks } from "../../../src/client/host-blocks.ts";
import { toProfile } from "../../../src/client/profile.ts";
import { importProfile } from "../../../src/client/profile-import.ts";
import { SecretText } from "../../../src/client/secret-text.ts";
import { parseLink } from "../../../src/knock/link.ts";
import type { FuzzTarget } from "../target.ts";
import { promise, words } from "../target.ts";

const key = `key1:${"Qx7_".repeat(22)}Qx7`;
const secret = key.slice(5, 25);

const lines = [
  ...["Host home", "Host *", "Host a !b", "\tHostName gate", "Sequence 7003 9140:udp +300 8455"],
  ...[`Key ${key}`, `Key = "${key}"`, "KnockPort 23547", 'Door ssh, "open SSH"', "For 8h"],
  ...["Address auto", "Address 2001:db8::1", "Wait 22,10s", "Retry 3", "Then ssh '%h'", "# x", ""],
  ...[
    `sesame:#key=${key}&host=gate&port=23547&door=ssh&name=home&wait=22`,
    "Payload @x",
    "Delay 5",
  ],
];

const file = "/c/knock.conf";
const context = { folder: "/c", findService: () => undefined };

/** Runs `task`, whose errors are of the user and never show a key. Returns `undefined` after one. */
function told<T>(task: () => T): T | undefined {
  try {
    return task();
  } catch (error) {
    promise(error instanceof KnockError, String(error));
    promise(!`${error.message}${error.hints}`.includes(secret), "an error shows a key");
    return undefined;
  }
}

/** A knock.conf, read and changed by an import; and each of its lines read as one that enrols a device. */
export const profilesTarget: FuzzTarget = {
  name: "profiles",
  covers: ["src/client/profile-import.ts", "src/client/host-blocks.ts", "src/knock/link.ts"],
  longest: 8_192,
  words: words(
    ...lines,
    "\n",
    "\r\n",
    "Key ",
    "key1:",
    "=",
    '"',
    "'",
    "#",
    "&",
    "%00",
    "host=",
    "door=",
  ),
  make: (random) =>
    new TextEncoder().encode(random.several(0, 12, () => random.pick(lines)).join("\n")),
  limit: (length) => 20 + length / 100,
  run(input) {
    const text = Buffer.from(input).toString("utf8");
    const links = text.split("\n").map(parseLink);
    const link = links.find((one) => typeof one !== "string");
    const blocks = told(() => readHostBlocks(text, file, context));
    if (blocks === undefined) return `problems, ${link === undefined ? "no link" : "a link"}`;
    const settings = findSettings("home", blocks);
    const profile = toProfile(settings);
    const kind = profile === undefined ? "none" : Object.keys(profile).sort().join(" ");
    const wanted = {
      name: "home",
      host: "gate",
      key: new SecretText(`key1:${"A".repeat(91)}`),
      knockPort: 7,
      doors: ["ssh"],
    };
    const changed = told(() => importProfile({ file, text, context }, wanted, true));
    if (changed === undefined) return `${kind}, no import`;
    const found = findSettings("home", readHostBlocks(changed, file, context));
    promise(found.key?.reveal() === wanted.key.reveal(), "the key is not what was imported");
    promise(found.knockPort === 7 && found.doors?.[0] === "ssh", "the port or the door is not");
    const again = importProfile({ file, text: changed, context }, wanted, false);
    promise(again === changed, "a second import changes the file");
    return kind;
  },
};
