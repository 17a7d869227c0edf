import { formatWithHint } from "../../../src/config/problem.ts";
import { remainingDevices } from "../../../src/config/remaining-devices.ts";
import type { Device } from "../../../src/config/users.ts";
import { parseUsers } from "../../../src/config/users.ts";
import { makeKey } from "../../../src/knock/keys.ts";
import type { SeededRandom } from "../../differential/random.ts";
import type { FuzzTarget } from "../target.ts";
import { promise, words } from "../target.ts";

const keys = [1, 2, 3].map((nth) => makeKey(Buffer.alloc(64, nth)));
const locks = keys.map(({ lock }) => lock);
/** Half of the first key, which two devices must not share. */
const halfShared = makeKey(Buffer.concat([Buffer.alloc(32, 1), Buffer.alloc(32, 9)])).lock;

const headings = [
  "[alice/laptop]",
  "[bob/phone]",
  "[alice/laptop] # again",
  "[Alice]",
  "[]",
  "[x/",
];
const directives = [
  ...[...locks, halfShared, keys[0]?.key, locks[0]?.slice(0, 60)].map((text) => `key = ${text}`),
  ...["groups = admins, staff", "groups = Admins", "expires = 2027-03-31", "expires = 2027-02-30"],
  ...[
    "allow = 192.0.2.0/24, 2001:db8::/32",
    "allow = x",
    "require_address = yes",
    "disabled = yes",
  ],
  ...["elsewhere = 203.0.113.0/28", "disabled", "open = tcp/22", `groups = ${locks[1]}`],
  ...[`${locks[2]}`, "# nothing", ""],
];

const before = parseUsers(
  locks.map((lock, i) => `[${["alice/laptop", "bob/phone", "c/c"][i]}]\nkey = ${lock}\n`).join(""),
).devices;

/** A users file: each section is a device or has an error, and no message has a part of a key. */
export const usersTarget: FuzzTarget = {
  name: "users",
  covers: [
    "src/config/users.ts",
    "src/config/remaining-devices.ts",
    "src/config/principals.ts",
  ].concat(["src/config/lines.ts", "src/config/device-directives.ts"]),
  longest: 8192,
  words: words(
    ...headings,
    ...directives,
    "\n",
    "\r\n",
    "=",
    "#",
    "lock1:",
    "\ufeff",
    "\0",
    "\u200b",
  ),
  make(random: SeededRandom) {
    const lines = random.several(0, 4, () => [
      random.percent(95) ? random.pick(headings) : "",
      ...random.several(0, 5, () => random.pick(directives)),
    ]);
    return Buffer.from(lines.flat().join(random.percent(90) ? "\n" : "\r\n"));
  },
  // A key takes a millisecond.
  limit: (length) => 20 + length / 20,
  run(input) {
    const text = Buffer.from(input).toString();
    const file = parseUsers(text);
    const { devices, problems } = file;
    const lines = text.split("\n");
    const secrets = text.match(/[\w-]{80,}/g) ?? [];
    for (const problem of problems) {
      const { line, column, message } = problem;
      const isThere = line >= 1 && line <= lines.length && column >= 1;
      promise(isThere, `${message.slice(0, 100)} at ${line}:${column}`);
      const told = formatWithHint("f", problem);
      const isSilent = !secrets.some((secret) => told.includes(secret.slice(0, 40)));
      promise(isSilent, "a message has a part of a key");
    }
    const digests = devices.flatMap((one) => one.locks.flatMap((lock) => digestsOf(lock)));
    promise(new Set(digests).size === digests.length, "two locks share a half");
    promise(new Set(devices.map(({ name }) => name)).size === devices.length, "a name twice");
    for (const { name, locks: own } of devices) {
      promise(/^[a-z\d][\w.-]{0,31}\/[a-z\d][\w.-]{0,31}$/.test(name), "a name of other letters");
      promise(own.length === 1 || own.length === 2, `${own.length} keys`);
    }
    promise(problems.length > 0 || devices.length === headingsIn(lines), "a section is lost");
    promise(givesNothing(remainingDevices(before, file)), "a file with errors gives something");
    const [first] = problems;
    return `${Math.min(devices.length, 2)}: ${first?.message.replaceAll(/".*"|\[.*\]/gs, "…").slice(0, 60)}`;
  },
};

type KnownLock = Device["locks"][number];

function digestsOf({ secretDigest, publicDigest }: KnownLock): readonly string[] {
  return [secretDigest, publicDigest];
}

function headingsIn(lines: readonly string[]): number {
  return lines.filter((line) => line.replace("\ufeff", "").trim().startsWith("[")).length;
}

/** Whether each of the devices was there before, with all that it has now. */
function givesNothing(devices: readonly Device[]): boolean {
  return devices.every(({ name, locks: now, disabled }) => {
    const known = before.find((one) => one.name === name);
    const had = new Set(known?.locks.map(({ id }) => id));
    return known !== undefined && now.every(({ id }) => had.has(id)) && disabled >= known.disabled;
  });
}
