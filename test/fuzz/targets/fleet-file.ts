import { formatFleetKey, parseFleetFile } from "../../../src/config/fleet-file.ts";
import { formatWithHint } from "../../../src/config/problem.ts";
import type { FuzzTarget } from "../target.ts";
import { promise, words } from "../target.ts";

const keys = [1, 2, 3].map((nth) => formatFleetKey(Buffer.alloc(32, nth)).trim());
const secret = "correct-horse-battery-staple";
const lines = [
  ...keys,
  "key = c2hvcnQ=",
  "user = sesame",
  `password = ${secret}`,
  secret,
  "ca = /etc/ssl/store.pem",
  "ca = store.pem",
  "sentinel_user = watcher",
  `sentinel_password = ${secret} # 1`,
  "[office]",
  "secret = x",
  "# nothing",
  "",
];

/** A fleet file: it is whole or has an error, and no message has a part of a secret. */
export const fleetFileTarget: FuzzTarget = {
  name: "fleet-file",
  covers: ["src/config/fleet-file.ts", "src/config/lines.ts"],
  longest: 4096,
  words: words(...lines, "\n", "\r\n", "=", "#", "key", "\ufeff", "\0", "\u200b"),
  make(random) {
    const chosen = random.several(0, 6, () => random.pick(lines));
    return Buffer.from([random.pick(keys), ...chosen].join(random.percent(90) ? "\n" : "\r\n"));
  },
  limit: () => 20,
  run(input) {
    const text = Buffer.from(input).toString();
    const { file, problems } = parseFleetFile(text);
    promise((file === undefined) === problems.length > 0, "a file with problems, or none at all");
    const secrets = [...(text.match(/[\w+/-]{28,}/g) ?? [])];
    for (const problem of problems) {
      const { line, column } = problem;
      promise(line >= 1 && line <= text.split("\n").length && column >= 1, "a place elsewhere");
      const told = formatWithHint("f", problem);
      const isSilent = !secrets.some((one) => told.includes(one.slice(0, 20)));
      promise(isSilent, "a message has a part of a secret");
    }
    for (const key of file?.keys ?? []) promise(key.length === 32, "a key of another length");
    promise((file?.keys.length ?? 1) <= 2, "more than two keys");
    promise(file?.user === undefined || file.password !== undefined, "a user without a password");
    const [first] = problems;
    return first?.message.replaceAll(/".*"/gs, "…").slice(0, 60) ?? `${file?.keys.length} keys`;
  },
};
