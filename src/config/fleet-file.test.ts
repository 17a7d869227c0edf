import { describe, expect, test } from "vitest";
import { formatFleetKey, parseFleetFile } from "./fleet-file.ts";
import { formatWithHint } from "./problem.ts";

const [one, two, three] = [1, 2, 3].map((nth) => Buffer.alloc(32, nth)) as [Buffer, Buffer, Buffer];
const [first, second, third] = [one, two, three].map(formatFleetKey);

function problemsOf(text: string): string[] {
  return parseFleetFile(text).problems.map((problem) => formatWithHint("f", problem));
}

describe("a fleet file", () => {
  test("has a key, and may say who the gateway is to the store", () => {
    const text = [
      "\ufeff# the office",
      `KEY = ${one.toString("base64")}   # since March\r`,
      "  user=sesame",
      "password = a #1 = b  ",
      "ca = /etc/ssl/store.pem",
      "sentinel_user = watcher",
      "sentinel_password = c",
    ];
    expect(parseFleetFile(text.join("\n"))).toEqual({
      problems: [],
      file: {
        keys: [one],
        user: "sesame",
        password: "a #1 = b",
        ca: "/etc/ssl/store.pem",
        sentinelUser: "watcher",
        sentinelPassword: "c",
      },
    });
  });

  test("has a second key while the first one changes", () => {
    expect(parseFleetFile(`${first}${second}`).file?.keys).toEqual([one, two]);
    expect(problemsOf(`${first}${second}${third}`)[0]).toMatch(
      /^f:3:7: there are more than 2 keys/,
    );
    expect(problemsOf(`${first}${first}`)).toEqual(["f:2:7: this key stands twice"]);
  });

  test.each([
    ["", "f:1:1: there is no key\nf:1:1: hint: knockctl fleet key makes the file"],
    ["key", "f:1:1: key is not 32 bytes in base64"],
    [`key = ${Buffer.alloc(31, 1).toString("base64")}`, "f:1:7: key is not 32 bytes in base64"],
    [`key = ${one.toString("base64url")}`, "f:1:7: key is not 32 bytes in base64"],
    [`${first}user = sesame`, "f:2:8: user needs password, too"],
    [`${first}sentinel_user = w`, "f:2:17: sentinel_user needs sentinel_password, too"],
    [`${first}password =`, "f:2:11: password needs a value"],
    [`${first}ca = store.pem`, "f:2:6: ca is not an absolute path"],
    [`${first}password = ${"x".repeat(513)}`, "f:2:12: password is longer than 512 characters"],
    [`${first}password = a\npassword = b`, "f:3:12: password stands twice"],
    [`${first}[office]`, "f:2:1: this file has no sections"],
    [`${first}secret = x`, 'f:2:1: unknown directive "secret"'],
    [`${first}hunter`, "f:2:1: unknown directive\n"],
    [`${first}u\u200bser = x\npassword = y`, "f:2:2: invisible character U+200B"],
  ])("with an error is none: %j", (text, message) => {
    expect(parseFleetFile(text).file).toBeUndefined();
    expect(problemsOf(text)[0]).toContain(message);
  });
});
