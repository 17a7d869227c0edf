import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findProfile, findSettings, readHostBlocks } from "./host-blocks.ts";
import type { ImportedProfile } from "./profile-import.ts";
import { importProfile, requestProfile } from "./profile-import.ts";
import { SecretText } from "./secret-text.ts";

const file = "/c/knock.conf";
const context = { folder: "/c", findService: () => undefined };
const keyA = `key1:${"A".repeat(91)}`;
const keyB = `key1:${"B".repeat(91)}`;

const answer: ImportedProfile = {
  name: "home",
  host: "gate.example.org",
  knockPort: 23547,
  doors: ["ssh"],
  wait: { port: 22, timeout: 5_000 },
};
const withKey = (text: string): ImportedProfile => ({ ...answer, key: new SecretText(text) });

const block = (key: string) => `\
Host home
    HostName gate.example.org
    Key ${key}
    KnockPort 23547
    Door ssh
    Wait 22
`;

const put = (text: string, wanted: ImportedProfile, force = false) =>
  importProfile({ file, text, context }, wanted, force);
const ask = (text: string, key: string, force = false) =>
  requestProfile({ file, text, context }, { name: "home", key: new SecretText(key) }, force);

describe("importing", () => {
  test("adds a profile, ahead of patterns that match it", () => {
    expect(put("", withKey(keyA))).toBe(block(keyA));
    const before = "# mine\nHost work\r\n  Sequence 1\r\n\n# all\nHost *\n  Delay 5\n";
    expect(put(before, withKey(keyA))).toBe(before.replace("# all", `${block(keyA)}\n# all`));
  });

  test("the same line again changes nothing", () => {
    const text = `# a\n${block(keyA)}\n# z`;
    expect(put(text, withKey(keyA))).toBe(text);
  });

  test("adds the door of a line with the same key", () => {
    const text = block(keyA).replace("Door ssh", "Door web");
    expect(put(text, withKey(keyA))).toBe(text.replace("Door web", "Door web, ssh"));
    expect(put(text, withKey(keyA), true)).toBe(block(keyA));
  });

  test("a line without a key leaves a complete profile alone", () => {
    const text = block(keyA).replace("Door ssh", "Door web, ssh");
    expect(put(text, answer)).toBe(text);
    const port = text.replace("23547", "7");
    for (const other of [block(keyA).replace("Door ssh", "Door web"), port]) {
      expect(() => put(other, answer)).toThrow(":1: the profile 'home' opens 'web'");
      expect(put(other, answer, true)).toBe(block(keyA));
    }
  });

  test("gives a key to a profile that has a sequence, and leaves its lines alone", () => {
    const before = "Host home\n\tHostName GATE.example.org # x\n\tSequence 1\n\tWait 22,9s\n# z\n";
    expect(put(before, withKey(keyA))).toBe(
      before.replace("# z\n", `    Key ${keyA}\n    KnockPort 23547\n    Door ssh\n# z\n`),
    );
  });

  test("keeps the line ends of Windows", () => {
    const before = "Host home\r\n  HostName gate.example.org\r\n  Sequence 1\r\n";
    expect(put(before, withKey(keyA))).toBe(
      `${before}    Key ${keyA}\r\n    KnockPort 23547\r\n    Door ssh\r\n    Wait 22\r\n`,
    );
  });

  test("completes a request", () => {
    const requested = ask("# a\n", keyA);
    expect(requested).toBe(`# a\n\nHost home\n    Key ${keyA}\n`);
    expect(put(requested, answer)).toBe(
      `${requested}    HostName gate.example.org\n    KnockPort 23547\n    Door ssh\n    Wait 22\n`,
    );
  });

  test.each([
    ["another key", block(keyA), withKey(keyB), ":1: the profile 'home' has another key"],
    [
      "another host",
      "Host home\nHostName other.example.org\nSequence 1\n",
      withKey(keyA),
      ":1: there is a profile 'home' of another host, other.example.org",
    ],
    [
      "a profile whose name is its host",
      "\nHost home\nSequence 1\n",
      withKey(keyA),
      ":2: there is a profile 'home' of another host, home",
    ],
    [
      "a request with another key",
      `Host home\n  Key ${keyA}\n`,
      withKey(keyB),
      ":1: the profile 'home' has a request, with another key",
    ],
    ["no request", "", answer, ": 'home' has no request, and the line has no key"],
    [
      "no key to complete",
      "Host home\nHostName gate.example.org\nSequence 1\n",
      answer,
      ": 'home' has no request, and the line has no key",
    ],
    ["shared", "Host home work\nSequence 1\n", withKey(keyA), ":1: 'home' shares its Host line"],
    ["a port above", "KnockPort 7\n", withKey(keyA), ": 'home' would be overridden by lines"],
    ["problems", "Hots home\n", withKey(keyA), ":1: unknown keyword 'Hots'"],
    ["an invalid name", "", { ...withKey(keyA), name: "a*" }, "'a*' cannot be the name"],
  ])("%s is refused, without the keys", (_, text, wanted, message) => {
    let error: unknown;
    try {
      put(text, wanted);
    } catch (thrown) {
      error = thrown;
    }
    expect(String(error)).toContain(message.startsWith("'") ? message : `${file}${message}`);
    expect(JSON.stringify([String(error), error])).not.toMatch(/A{20}|B{20}/);
  });

  test("with force replaces the key, and removes lines that it overrides", () => {
    const before = `${block(keyA)}  Key ${keyA}\n  Then x\nHost z\n`;
    const after = put(before, withKey(keyB), true);
    expect(after).toBe(`${block(keyB)}  Then x\nHost z\n`);
  });

  test("with force replaces a profile of another host, whose sequence it would be", () => {
    const before = "Host home\n  # since May\n  HostName other\n  Sequence 1\nHost z\n";
    expect(put(before, withKey(keyA), true)).toBe(`${block(keyA)}  # since May\nHost z\n`);
  });
});

describe("a request", () => {
  test("goes into a profile that knocks by a sequence, which it still does", () => {
    const before = "Host home\n  HostName gate.example.org\n  Sequence 1\n";
    const text = ask(before, keyA);
    expect(text).toBe(`${before}    Key ${keyA}\n`);
    const profile = findProfile("home", readHostBlocks(text, file, context));
    expect(profile).toMatchObject({ steps: [{ number: 1 }] });
    expect(put(text, answer)).toMatch(/Sequence 1\n {4}Key key1:A+\n {4}KnockPort 23547\n/);
  });

  test("replaces a key only with force", () => {
    expect(() => ask(block(keyA), keyB)).toThrow(`${file}:1: 'home' has a key`);
    expect(ask(block(keyA), keyB, true)).toBe(block(keyB));
  });
});

test("an import changes no other line, whatever the file is", () => {
  const line = fc.constantFrom(
    ...[
      "",
      "# note: key1:x",
      "  Delay 5",
      "Delay = 7\r",
      "  Wait 22,3s",
      "\tRetry 3",
      "Then a 'b'",
    ],
    ...["Host work", "Host work-* !work-1", "Host home", "Host home\r", "Host *", "Sequence 1 2"],
    ...["HostName gate.example.org", `Key ${keyA}`, `  Key = ${keyB} # x`, "KnockPort 7", "Door a"],
  );
  const wanted = fc.constantFrom(answer, withKey(keyA), withKey(keyB));
  let imported = 0;
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), wanted, fc.boolean(), (lines, one, force) => {
      const text = lines.map((each) => `${each}\n`).join("");
      let result: string;
      try {
        result = put(text, one, force);
      } catch (error) {
        expect(error).toMatchObject({ code: "CONFIG" });
        return;
      }
      imported++;
      const { host, knockPort, doors, key } = findSettings(
        "home",
        readHostBlocks(result, file, context),
      );
      expect({ host, knockPort }).toEqual({ host: one.host, knockPort: one.knockPort });
      expect(doors).toEqual(force ? one.doors : expect.arrayContaining([...one.doors]));
      if (one.key !== undefined) expect(key?.reveal()).toBe(one.key.reveal());
      const isKept = (each: string) => !/^\s*(?:Key|KnockPort|Door|HostName|Wait)\b/.test(each);
      const kept = result.split("\n").filter(isKept);
      if (force) return;
      // New are one Host line and an empty one at most; all others stand in their order.
      const rest = [...kept];
      for (const each of lines.filter(isKept)) {
        const at = rest.indexOf(each);
        expect(at).toBeGreaterThanOrEqual(0);
        rest.splice(0, at + 1);
      }
      expect(kept.length - lines.filter(isKept).length).toBeLessThanOrEqual(3);
    }),
    { numRuns: 500 },
  );
  expect(imported).toBeGreaterThan(20);
});
