import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { knownFleet } from "../../../../test/support/known-fleet.ts";
import { address } from "../../../../test/support/packets.ts";
import { ignoredSource, topReading, topState } from "../../../../test/support/top.ts";
import type { LeaseReport } from "../../../control/reports.ts";
import { textWidth } from "../../text-width.ts";
import type { TopState } from "./model.ts";
import { emptyState, pressKey } from "./model.ts";
import { barGlyphs } from "./spans.ts";
import { drawTop } from "./view.ts";

beforeEach(() => void vi.stubEnv("TZ", "UTC"));
afterEach(() => vi.unstubAllEnvs());

const ascii = { full: "#", empty: "." };

function draw(state: TopState, columns: number, rows: number): string[] {
  const lines = drawTop(state, { columns, rows, hasColors: false, glyphs: ascii });
  expect(lines).toHaveLength(rows);
  expect(lines.filter((line) => textWidth(line) > columns)).toEqual([]);
  return lines;
}

/** Without the empty lines at the end of a part. */
function picture(state: TopState, columns: number, rows: number): string {
  const lines = draw(state, columns, rows).map((line) => line.trimEnd());
  return `${lines.join("\n").replace(/\n{3,}/, "\n\n~\n\n")}\n`;
}

const lease = (door: string, source: string, remainingMs: number): LeaseReport => ({
  ...{ door, source: address(source), remainingMs, kind: "native", state: "open" },
  since: new Date("2026-11-22T13:26:05.000Z"),
});

/** A daemon with something of everything, asked twice. */
function busy(): TopState {
  const leases = [
    lease("ssh", "192.0.2.7", 598_000),
    lease("대문", "2001:db8:1234:5678:9abc:def0:1234:5678", 30_000),
    { ...lease("vpn", "198.51.100.4", 0), kind: "command", state: "closing" } as const,
  ];
  const first = topReading({ leases });
  const status = {
    ...{ ...first.status, uptimeMs: first.status.uptimeMs + 2000 },
    knocksByStage: [3, 0, 1],
    ignored: [ignoredSource("192.0.2.9", 43_000)],
    capture: { received: first.status.capture.received + 25, dropped: 7 },
    problems: [
      {
        code: "command-failed",
        message:
          '"broken": its command failed 2 times, last 2026-11-28 14:31:04 for 192.0.2.7: ' +
          "command returned non-zero status code (2): no chain",
      } as const,
    ],
  };
  const doors = first.doors.map((door) =>
    door.name === "ssh" ? { ...door, openings: 1, opens: ["tcp/22", "icmp"] } : door,
  );
  return topState(first, { status, doors, leases });
}

describe("the view", () => {
  test.each([
    ["up", 3, "fleet 3 of 3"],
    ["up", 2, "fleet 2 of 3"],
    ["down", 2, "fleet: store down"],
  ] as const)("says how the fleet does: %s, %i gateways", (state, gatewaysUp, text) => {
    const { leases: _, gateways: _all, storeVersion: _version, ...summary } = knownFleet;
    const fleet = { ...summary, state, gatewaysUp };
    expect(draw(topState(topReading({ status: { fleet } })), 80, 24)[1]).toContain(text);
  });

  test("at 80x24", () => {
    expect(picture(busy(), 80, 24)).toMatchInlineSnapshot(`
      "knockctl top                                              knockd 0.1.0, up 3d 4h
      packets 13/s   openings 0.5/s   knocking 4   open 2   ignored 1   dropped 7
      problem: "broken": its command failed 2 times, last 2026-11-28 14:31:04 for
      192.0.2.7: command returned non-zero status code (2): no chain

      KNOCKS
        stage 1   #################################################################  3
        stage 3   ######################  1

      LEASES  3
      > ssh      192.0.2.7                               ####################   9m 58s
        대문     2001:db8:1234:5678:9abc:def0:1234:5678  ####################      30s
        vpn      198.51.100.4                            ....................  closing

      IGNORED  1
        ignored  192.0.2.9                               ##############......      43s

      ~

      ↑↓ choose   c close   e extend   ? help   q quit
      "
    `);
  });

  test("at 120x40", () => {
    expect(picture(busy(), 120, 40)).toMatchInlineSnapshot(`
      "knockctl top                                                                                      knockd 0.1.0, up 3d 4h
      packets 13/s   openings 0.5/s   knocking 4   open 2   ignored 1   dropped 7
      problem: "broken": its command failed 2 times, last 2026-11-28 14:31:04 for 192.0.2.7: command returned non-zero status
      code (2): no chain

      KNOCKS
        stage 1   #########################################################################################################  3
        stage 3   ###################################  1

      LEASES  3
      > ssh      192.0.2.7                               ############################################################   9m 58s
        대문     2001:db8:1234:5678:9abc:def0:1234:5678  ############################################################      30s
        vpn      198.51.100.4                            ............................................................  closing

      IGNORED  1
        ignored  192.0.2.9                               ###########################################.................      43s

      ~

      ↑↓ choose   c close   e extend   ? help   q quit
      "
    `);
  });

  test("at 40x10", () => {
    expect(picture(busy(), 40, 10)).toMatchInlineSnapshot(`
      "knockctl top      knockd 0.1.0, up 3d 4h
      packets 13/s   openings 0.5/s
      knocking 3 at stage 1, 1 at stage 3
      dropped 7
      problem: "broken": its command failed 2…
      LEASES AND IGNORED  1-3 of 4
      > ssh      192.0.2.7              9m 58s
        대문     2001:db8:1234:5678:…      30s
        vpn      198.51.100.4          closing
      c close   e extend   ? help   q quit
      "
    `);
  });

  test("asks before it closes, and names what ends", () => {
    const { state } = pressKey(busy(), "c");
    expect(draw(state, 80, 24).slice(-2)).toMatchInlineSnapshot(`
      [
        "a knock.",
        "y close   x close, and end its connections   n cancel",
      ]
    `);
    const below = pressKey(pressKey(busy(), "down").state, "c").state;
    expect(draw(below, 40, 10).join(" ")).toContain(
      "Close 대문 for 2001:db8:1234:5678:9abc:def0:1234:5678",
    );
    const command = pressKey(pressKey(pressKey(busy(), "down").state, "down").state, "c").state;
    expect(draw(command, 80, 24).at(-2)).toBe(
      "Close vpn for 198.51.100.4 (0s left)? Then its closing command runs.",
    );
  });

  test("lists the keys", () => {
    const { state } = pressKey(busy(), "?");
    expect(picture(state, 80, 24)).toMatchInlineSnapshot(`
      "knockctl top                                              knockd 0.1.0, up 3d 4h
      packets 13/s   openings 0.5/s   knocking 4   open 2   ignored 1   dropped 7
      problem: "broken": its command failed 2 times, last 2026-11-28 14:31:04 for
      192.0.2.7: command returned non-zero status code (2): no chain

        ↑ ↓     choose a lease or an ignored source
        c       close the lease, after a question
        e       extend the lease by the time of its door
        f       forgive the ignored source
        Ctrl-Z  suspend
        q       quit, as Ctrl-C

      A bar shows how much of the time is left.

      ~

      any key back
      "
    `);
    draw(state, 40, 10);
  });

  test("of an idle daemon, and before an answer", () => {
    const idle = topState(topReading({ leases: [], status: { knocksByStage: [] } }));
    expect(picture(idle, 80, 24)).toMatchInlineSnapshot(`
      "knockctl top                                              knockd 0.1.0, up 3d 4h
      packets -/s   openings -/s   knocking 0   open 2   ignored 0

      KNOCKS  none under way

      LEASES  none

      ~

      ? help   q quit
      "
    `);
    draw(emptyState, 80, 24);
  });

  test("says that the daemon does not answer, and since when", () => {
    const since = new Date("2026-11-22T13:26:05.000Z");
    const lost = { ...busy(), lost: { why: "knockd has closed the connection", since } };
    expect(draw(lost, 80, 24)[1]).toBe(
      "knockd has closed the connection; waiting for it since 13:26:05",
    );
  });

  test("keeps the chosen row in sight", () => {
    const leases = Array.from({ length: 50 }, (_, i) => lease("ssh", `192.0.2.${i}`, 60_000));
    let state = topState(topReading({ leases, status: { ignored: [ignoredSource("::1", 1)] } }));
    for (let i = 0; i <= 50; i++) {
      for (const [columns, rows] of [
        [80, 24],
        [40, 10],
      ] as const) {
        expect(draw(state, columns, rows).filter((line) => line.startsWith("> "))).toHaveLength(1);
      }
      state = pressKey(state, "down").state;
    }
    expect(draw(state, 80, 24).find((line) => line.startsWith("LEASES"))).toMatch(
      /^LEASES {2}1-\d+ of 50$/,
    );
    expect(draw(state, 80, 24).find((line) => line.startsWith("> "))).toContain("::1");
  });

  test("keeps the chosen row in sight where problems and the keys leave little room", () => {
    let state: TopState = { ...busy(), message: { text: "x".repeat(40) } };
    for (let i = 0; i < state.rows.length; i++) {
      expect(draw(state, 40, 10).join("\n")).toMatch(/^> /m);
      state = { ...pressKey(state, "down").state, message: state.message };
    }
  });

  test("a terminal that is too small is told", () => {
    expect(draw(busy(), 39, 10)[0]).toBe("the terminal is smaller than 40x10");
    draw(busy(), 1, 1);
  });

  test("colours bars by what is left of the time", () => {
    const colors = { columns: 80, rows: 24, hasColors: true, glyphs: ascii };
    const bars = drawTop(busy(), colors).filter((line) => line.includes("192.0.2.7"));
    expect(bars.join()).toContain("\u001b[32m####");
  });
});

test("no text of the network or the configuration reaches the terminal as control characters", () => {
  const hostile = fc
    .array(
      fc.constantFrom(
        ...["\u001b]0;owned\u0007", "\u001b[2J", "\r", "\n", "\t", "\u0000", "\u009b31m", "\u202e"],
        ...["한국", "👍", "e\u0301", "\u200b", "a b", "x".repeat(60), "\ud800"],
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.join(""));
  const arbitrary = fc.record({
    doors: fc.array(hostile, { maxLength: 20 }),
    problem: hostile,
    failure: hostile,
    columns: fc.integer({ min: 1, max: 130 }),
    rows: fc.integer({ min: 1, max: 50 }),
    hasColors: fc.boolean(),
    keys: fc.array(fc.constantFrom("down", "c", "e", "?", "n", "f"), { maxLength: 4 }),
  });
  fc.assert(
    fc.property(arbitrary, ({ doors, problem, failure, columns, rows, hasColors, keys }) => {
      const leases = doors.map((door, i) => lease(door, `2001:db8::${i}:ffff`, i * 1000));
      const problems = [{ code: "journal", message: problem } as const];
      const ignored = doors.map((_, i) => ignoredSource(`192.0.2.${i}`, 1000));
      let state: TopState = {
        ...topState(topReading({ leases, status: { problems, ignored } })),
        found: problems,
        lost: { why: failure, since: new Date(0) },
        message: { text: failure },
      };
      for (const key of keys) state = pressKey(state, key).state;
      const drawn = drawTop(state, { columns, rows, hasColors, glyphs: ascii });
      expect(drawn).toHaveLength(rows);
      for (const line of drawn) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these alone are ours
        const plain = line.replace(/\u001b\[(?:[0-2]|3[0-9])m/g, "");
        if (!hasColors) expect(plain).toBe(line);
        expect(plain).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
        expect(textWidth(plain)).toBeLessThanOrEqual(columns);
      }
    }),
    { numRuns: 300 },
  );
});

test("bars are ASCII where the locale has no other characters", () => {
  expect(barGlyphs({ LANG: "C" })).toEqual(ascii);
  expect(barGlyphs({})).toEqual(ascii);
  expect(barGlyphs({ LANG: "C", LC_ALL: "ko_KR.UTF-8" }).full).toBe("█");
});
