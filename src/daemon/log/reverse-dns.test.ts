import { describe, expect, test } from "vitest";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import type { Address } from "../../base/address.ts";
import { parseAddress } from "../../base/address.ts";
import type { Entry } from "../../base/log.ts";
import { wallTime } from "../../base/time.ts";
import { ReverseDns } from "./reverse-dns.ts";

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`${text} is no address`);
  return parsed;
}

const one = address("192.0.2.1");
const two = address("192.0.2.2");

/** Names whose look-ups are answered by the test. */
function open() {
  const lines: string[] = [];
  const entries: Entry[] = [];
  const clock = new ManualClock(1000);
  const passOn = (entry: Entry, wall: number) => {
    entries.push(entry);
    lines.push(`${wall} ${entry.text}`);
  };
  const asked: string[] = [];
  const waiting: ((name: string | undefined) => void)[] = [];
  const names = new ReverseDns(passOn, (source) => {
    asked.push(source.toString());
    return new Promise((resolve) => waiting.push(resolve));
  });
  return {
    names,
    clock,
    lines,
    entries,
    asked,
    say: (source: Address, what: string) =>
      names.write(
        { level: "notice", event: "x", source, text: `${source}: ${what}` },
        clock.wall(),
      ),
    async answer(name: string | undefined) {
      waiting.shift()?.(name);
      await new Promise(setImmediate);
    },
  };
}

describe("lines of a source", () => {
  test("wait for its name, and come in their order with their own time", async () => {
    const { say, lines, answer, clock } = open();
    say(one, "x: Stage 1");
    clock.advance(5);
    say(one, "x: Stage 2");
    expect(lines).toEqual([]);
    await answer("gate");
    expect(lines).toEqual([
      "1000 192.0.2.1 (gate): x: Stage 1",
      "1005 192.0.2.1 (gate): x: Stage 2",
    ]);
  });

  test("come at once when the name is known, or known to be none", async () => {
    const { say, lines, asked, answer } = open();
    say(one, "a");
    await answer("gate");
    say(two, "b");
    await answer(undefined);
    say(one, "c");
    say(two, "d");
    expect(lines.slice(2)).toEqual(["1000 192.0.2.1 (gate): c", "1000 192.0.2.2: d"]);
    expect(asked).toEqual(["192.0.2.1", "192.0.2.2"]);
  });

  test("do not wait for the name of another", async () => {
    const { say, lines, answer } = open();
    say(one, "a");
    say(two, "b");
    await answer(undefined);
    expect(lines).toEqual(["1000 192.0.2.1: a"]);
    await answer("two");
    expect(lines.at(-1)).toBe("1000 192.0.2.2 (two): b");
  });

  test("that do not begin with its address keep their text, and JSON gets the name", async () => {
    const { names, entries, answer } = open();
    names.write(
      { level: "notice", event: "x", source: one, text: "x: running command: a" },
      wallTime(0),
    );
    await answer("gate");
    expect(entries).toMatchObject([{ text: "x: running command: a", detail: { host: "gate" } }]);
  });
});

test("lines of no source, and those for debugging, never wait", () => {
  const { names, lines, asked } = open();
  names.write({ level: "notice", event: "x", text: "starting up" }, wallTime(1000));
  names.write({ level: "debug", event: "x", text: "packet", source: one }, wallTime(1000));
  expect(lines).toEqual(["1000 starting up", "1000 packet"]);
  expect(asked).toEqual([]);
});

test("with very many sources waiting, others are written without a name", () => {
  const { say, lines, asked } = open();
  for (let i = 0; i < 200; i++) say(address(`10.0.0.${i}`), "x");
  expect(lines).toEqual([]);
  say(one, "x");
  expect(lines).toEqual(["1000 192.0.2.1: x"]);
  expect(asked).toHaveLength(200);
});

test("with very many lines of one source waiting, they are written without a name", async () => {
  const { say, lines, answer } = open();
  for (let i = 0; i < 1500; i++) say(one, `${i}`);
  expect(lines).toHaveLength(1000);
  await answer("gate");
  expect(lines).toHaveLength(1500);
  expect(lines.map((line) => Number(line.split(" ").at(-1)))).toEqual(
    Array.from({ length: 1500 }, (_, i) => i),
  );
});

test("closing writes what waits, once", async () => {
  const { say, names, lines, answer } = open();
  say(one, "a");
  names.close();
  expect(lines).toEqual(["1000 192.0.2.1: a"]);
  await answer("gate");
  expect(lines).toHaveLength(1);
});
