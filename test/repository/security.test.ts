// docs/security.md says of knocks by key what their threats are, row by row, and nothing beyond.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const text = readFileSync(join(import.meta.dirname, "../../docs/security.md"), "utf8");
const [, section = ""] = /\n## Knocks with a key\n([\s\S]*?)\n## /.exec(text) ?? [];
const flat = section.replaceAll(/\s+/g, " ");

/** The cells of each row. */
const rows = [...section.matchAll(/^\| (.*?) \|$/gm)]
  .map(([, row = ""]) => row.split(" | ").map((cell) => cell.trim()))
  .filter(([first]) => first !== "---" && first !== "an attacker who");

test("the table holds under four conditions", () => {
  expect(flat).toMatch(/primitives hold, and neither end is taken over/);
  expect(flat).toMatch(/clock of the server is right within `Freshness`/);
  expect(flat).toMatch(/can write its journal, and the disk keeps what it has synced/);
  expect(flat).toMatch(/One key is in one daemon/);
});

/** Who; words of what they can do; words of what they cannot, or of what remains. */
const threats: readonly (readonly [string, RegExp, RegExp])[] = [
  [
    "listens",
    /see that a packet went to a port/,
    /read it, tell who sent it, use it a second time/,
  ],
  [
    "is on the path",
    /Deliver it once.*4 m at most/,
    /with an address inside.*log-in of the service remains/,
  ],
  ["floods from forged addresses", /fill the line, and fill the ring/, /fill memory or the log/],
  ["floods with sniffed hints", /all four of a minute/, /of the next minute without sniffing/],
  [
    "reads the server's files or a `lock1:` line",
    /recognize and read packets\. Block devices.*half a core.*new keys/,
    /^knock \(with .*fwknop.* can\), replay$/,
  ],
  ["is root on the server", /everything there/, /knock elsewhere with what is there/],
  ["steals a device or its key", /knock as that device/, /doors, `longest` and `expires`.*removal/],
  [
    "controls the server's time (NTP)",
    /refuse honest packets\. Make a packet fresh again that never arrived/,
    /make an accepted packet new, unless the journal was lost/,
  ],
  [
    "rolls the server back (a snapshot, an older copy of StateDir)",
    /replay.*while it is fresh/,
    /^\|?$/,
  ],
  ["has a quantum computer", /forge packets, given K/, /without K, as far as is known/],
];

test("the table has a row for each threat, and no other", () => {
  expect(rows.map(([who]) => who)).toEqual(threats.map(([who]) => who));
});

test.each(threats)("who %s: what is possible, and what is not", (who, can, cannot) => {
  const [, possible = "", impossible = ""] = rows.find(([first]) => first === who) ?? [];
  expect(possible).toMatch(can);
  expect(impossible).toMatch(cannot);
});

test.each([
  [
    "a way back in",
    /\*\*Keep a way back in\.\*\* Key, clock and daemon can all be lost\. Have a console/,
  ],
  ["time", /chrony or timesyncd, with NTS across hostile networks.*waits for `time-sync\.target`/],
  [
    "one key, one daemon",
    /Two gateways or two daemons with one users file accept the same packet once each/,
  ],
  ["moving a server", /the configuration, the users file and the journals in StateDir/],
  ["firewalls", /`KnockPort` need not be open on the host, but in firewalls before it/],
  ["snapshots and containers", /StateDir must outlive the container\. A rollback forgets/],
  [
    "links",
    /address bar of a browser goes to a search engine, and messengers keep it\. `knock --request/,
  ],
  [
    "packets without an address",
    /\*\*Packets without an address\*\* open for the source that delivers/,
  ],
  [
    "a full disk",
    /`OnJournalFailure = open`.*a restart within Freshness allows a replay\. The log says so/,
  ],
  ["the service's own log-in", /A knock never replaces the log-in of the service itself/],
  ["memory", /JavaScript cannot erase memory/],
])("it says before what you rely on it: %s", (_, words) => {
  expect(flat).toMatch(words);
});
