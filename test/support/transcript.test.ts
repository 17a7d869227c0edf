import { expect, test } from "vitest";
import { formatParts, readParts } from "./transcript.ts";

const document = [
  "# Title\n\n```ini\n[ssh]\n```\n\nThen:\n\n",
  "```console\nserver$ true\nserver$ echo a; echo b\na\nb\nclient$ ping x\n```\n\n",
  "```sh\napt update\n```\nEnd.\n",
].join("");

test("commands stand at their prompts, with their output", () => {
  expect(readParts(document).filter(({ kind }) => kind !== "text")).toEqual([
    { kind: "config", text: "[ssh]\n" },
    { kind: "typed", prompt: "server", command: "true", output: "" },
    { kind: "typed", prompt: "server", command: "echo a; echo b", output: "a\nb\n" },
    { kind: "typed", prompt: "client", command: "ping x", output: "" },
  ]);
});

test("a document is put together again as it was", () => {
  expect(formatParts(readParts(document))).toBe(document);
});

test("a session that does not begin with a prompt is an error", () => {
  expect(() => readParts("```console\nls\n```\n")).toThrow("not with: ls");
});
