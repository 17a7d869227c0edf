// What `knockctl replay` prints. Pure.
import type { Entry } from "../../base/log.ts";
import { printable } from "../../base/text.ts";
import { formatLocalTime } from "../../base/time.ts";
import { encode } from "../../control/protocol.ts";
import { formatFlags } from "../../daemon/log/report.ts";
import type { ReplayEvent, ReplaySummary, Unseen } from "../../daemon/replay/replay-event.ts";
import { breakLines } from "../help.ts";
import type { Screen } from "../screen.ts";
import { plainScreen } from "../screen.ts";
import { formatList } from "../table.ts";
import { shortenTo, textWidth } from "../text-width.ts";

/** How often each door opened. */
export type OpeningCounts = ReadonlyMap<string, number>;

type ReplayCause = ReplayEvent["cause"];

/** Where the effects of a packet begin in their lines. */
const indent = 20;

/** The least room for a text in a line. */
const narrowest = 20;

/**
 * Returns a line for the packet, and lines for each of its effects; `widest`: the longest name of a door. A
 * terminal that is too narrow shows less of the packet, and goes on with an effect in the next line.
 */
export function formatEvent(
  { time, cause, entries }: ReplayEvent,
  widest: number,
  screen: Screen = plainScreen,
): string {
  const number = String(cause?.number ?? "-").padStart(6);
  const seconds = (time / 1000).toFixed(3).padStart(10);
  const start = `${number}${seconds}  `;
  const room = Math.max(narrowest, screen.columns - textWidth(start));
  const title = cause === undefined ? "time goes on" : formatPacket(cause.packet, room);
  const doorWidth = Math.min(widest, Math.max(narrowest, screen.columns / 4));
  const lines = entries.map((entry) => {
    const name = shortenTo(printable(entry.door ?? "-"), doorWidth);
    const door = `${name}${" ".repeat(doorWidth - textWidth(name))}`;
    return formatEffect(door, printable(explain(entry, cause)), screen.columns);
  });
  return `${start}${title}\n${lines.join("")}`;
}

function formatEffect(door: string, text: string, columns: number): string {
  const column = indent + textWidth(door) + 2;
  const room = Math.max(narrowest, columns - column);
  const lines = textWidth(text) > room ? breakLines(text, room) : [text];
  return lines
    .map(
      (line, i) =>
        `${" ".repeat(indent)}${i === 0 ? door : " ".repeat(textWidth(door))}  ${line}\n`,
    )
    .join("");
}

/** `tcp 192.0.2.7:40000 -> 192.0.2.1:7000 SYN`, or as much of it as has room. */
function formatPacket(packet: NonNullable<ReplayCause>["packet"], room: number): string {
  const { protocol, source, sourcePort, destination, port, flags } = packet;
  const end = (address: typeof source, number: number) =>
    address.family === 6 ? `[${address}]:${number}` : `${address}:${number}`;
  const flagText = protocol === "tcp" ? ` ${formatFlags(flags) || "no flags"}` : "";
  const texts = [
    `${protocol} ${end(source, sourcePort)} -> ${end(destination, port)}${flagText}`,
    `${protocol} ${source} -> ${end(destination, port)}${flagText}`,
    `${protocol} ${source} -> ${port}${flagText}`,
  ];
  return texts.find((text) => textWidth(text) <= room) ?? shortenTo(texts.at(-1) ?? "", room);
}

/** Returns the log text of the daemon without the door and the source, which the line has already. */
function explain({ text, event, door, source, detail }: Entry, cause: ReplayCause): string {
  const subjects = [`${source}: ${door}: `, `${door}: `, `${source}: `];
  const subject = subjects.find((one) => text.startsWith(one)) ?? "";
  const what = text.slice(subject.length);
  const steps = event === "stage" ? ` of ${detail?.["steps"]}` : "";
  const who = cause === undefined && source !== undefined ? `${source}: ` : "";
  const key = event === "knock" && detail?.["key"] !== undefined ? ` [key ${detail["key"]}]` : "";
  return `${who}${what}${steps}${key}`;
}

/** Returns why a packet was ignored. */
const reasons: Readonly<Record<Unseen, string>> = {
  "not-ip": "neither IPv4 nor IPv6",
  "cut-off": "recorded without an IP header",
  outgoing: "sent by the machine that recorded",
  "other-host": "from one other machine to another",
  fragment: "a fragment, and not the first",
  "other-protocol": "neither TCP nor UDP",
  martian: "with an address that cannot come from the wire",
  malformed: "a damaged or impossible header",
  ipv6: "IPv6",
  "other-port": "to a port of no door",
  "no-users": "to KnockPort, without a users file",
};

export function formatSummary(
  summary: ReplaySummary,
  opened: OpeningCounts,
  screen: Screen = plainScreen,
): string {
  const { packets, unseen, firstWall, truncated } = summary;
  const ignored = [...unseen.values()].reduce((sum, times) => sum + times, 0);
  const openings = [...opened].map(([door, times]) => `${door} ${times}x`).join(", ");
  const facts: (readonly [string, string])[] = [
    ["packets", `${packets}`],
    ["not looked at", `${ignored}`],
    ...[...unseen].map(([why, times]) => ["", `${times} ${reasons[why]}`] as const),
    ["opened", openings || "nothing"],
  ];
  if (firstWall !== undefined) {
    facts.unshift(["recorded from", formatLocalTime(new Date(firstWall))]);
  }
  if (truncated !== undefined) facts.push(["incomplete", truncated]);
  return `\n${formatList(facts, screen)}`;
}

export function jsonEvent({ time, wall, cause, entries }: ReplayEvent): string {
  return `${encode({
    number: cause?.number,
    time,
    wall: wall === undefined ? undefined : new Date(wall),
    packet: cause && jsonPacket(cause),
    entries: entries.map(({ level, event, door, source, detail, text }) => {
      return { level, event, door, source, ...detail, message: text };
    }),
  })}\n`;
}

function jsonPacket({ packet }: NonNullable<ReplayCause>): unknown {
  const { protocol, source, sourcePort, destination, port, flags, length } = packet;
  const named = protocol === "tcp" ? { flags: formatFlags(flags) } : {};
  return { protocol, source, sourcePort, destination, port, ...named, length };
}

export function jsonSummary(summary: ReplaySummary, opened: OpeningCounts): string {
  const { packets, unseen, firstWall, truncated } = summary;
  const recordedFrom = firstWall === undefined ? undefined : new Date(firstWall);
  const unlooked = Object.fromEntries(unseen);
  const counts = Object.fromEntries(opened);
  const facts = { packets, unseen: unlooked, opened: counts, recordedFrom, truncated };
  return `${encode({ summary: facts })}\n`;
}
