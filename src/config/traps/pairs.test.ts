import { expect, test } from "vitest";
import { parseConfig } from "../parse.ts";
import { findPairTraps } from "./pairs.ts";

const rule = "iptables -I INPUT -s %IP% -p tcp --dport 22 -j ACCEPT";
const inverse = rule.replace("-I", "-D");

function traps(open: string, close: string): string[] {
  const sequences = ["sequence = 1,3,2\n", "sequence = 4,6,5\n"];
  const text = `[open]\n${sequences[0]}${open}\n[close]\n${sequences[1]}${close}`;
  const { config, doorSections } = parseConfig(text);
  if (config === undefined) throw new Error("the file cannot be used");
  return findPairTraps(config, doorSections).map(({ line, message }) => `${line}: ${message}`);
}

test.each([
  [`command = ${rule}`, `command = ${inverse}`],
  [`start_command = ${rule} -m comment --comment a`, `command = ${inverse} -m comment --comment a`],
])("%s is left behind by %s", (open, close) => {
  expect(traps(open, close)).toEqual([
    "3: a second knock at 'open' puts its rule in once more, and 'close' deletes it once: the door stays open",
  ]);
});

test.each([
  [
    "a door that closes itself",
    `command = ${rule}\nstop_command = ${inverse}`,
    `command = ${inverse}`,
  ],
  ["another rule", `command = ${rule}`, `command = ${inverse.replace("22", "80")}`],
  [
    "a rule that is looked for first",
    `command = ${rule.replace("-I", "-C")} || ${rule}`,
    `command = ${inverse}`,
  ],
  [
    "ufw, which has a rule once",
    "command = ufw allow from %IP% to any port 22",
    "command = ufw delete allow from %IP% to any port 22",
  ],
  ["a script", "command = open %IP%", "command = close %IP%"],
])("not of %s", (_, open, close) => expect(traps(open, close)).toEqual([]));
