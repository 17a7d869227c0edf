import { makeKey, parseKey, parseLock } from "../../../src/knock/keys.ts";
import { formatLink, parseLink } from "../../../src/knock/link.ts";
import type { FuzzTarget } from "../target.ts";
import { promise, words } from "../target.ts";

const { key, lock } = makeKey(Buffer.alloc(64, 7));
const other = makeKey(Buffer.alloc(64, 8));
const link = `sesame:#key=${key}&host=server.example.org&port=23547&door=ssh&name=home&wait=22&address=192.0.2.10,2001:db8::10`;

/** The text of a key or a link: each key has one spelling, and a link is written as it was read. */
export const keyTextTarget: FuzzTarget = {
  name: "key-text",
  covers: ["src/knock/keys.ts", "src/knock/link.ts", "src/knock/ed25519-point.ts"],
  longest: 1000,
  words: words(key, lock, "key1:", "lock1:", "&host=", "&port=1", "&door=", "&name=", "%00", "#"),
  make(random) {
    const text = random.pick([key, lock, other.lock, link, link.replace(/#key=[^&]*&/, "#")]);
    const at = random.from(0, text.length - 1);
    const change = random.pick(["", "A", "=", "&", "\n", "%", "é", text.slice(at, at + 9)]);
    const changed = `${text.slice(0, at)}${change}${text.slice(at + random.from(0, 1))}`;
    return Buffer.from(random.percent(30) ? text : changed);
  },
  limit: (length) => 20 + length / 100,
  run(input) {
    const text = Buffer.from(input).toString();
    const [readLock, readKey] = [parseLock(text), parseKey(text)];
    if (typeof readLock !== "string" || typeof readKey !== "string") {
      promise(/^(?:lock|key)1:[\w-]{91}$/.test(text), "another spelling is taken");
      return typeof readLock === "string" ? "key" : "lock";
    }
    const read = parseLink(text);
    if (typeof read === "string") return `${readLock}, ${readKey}, ${read}`;
    const again = parseLink(formatLink(read));
    promise(JSON.stringify(again) === JSON.stringify(read), "a link is not read as it is written");
    return read.key === undefined ? "link" : "link with a key";
  },
};
