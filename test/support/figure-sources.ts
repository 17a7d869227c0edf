// What each figure of the documents comes from.

/** A file, and the text there from which the figure follows. */
export type CodeSource = readonly [file: string, code: string];

/** Code; or a reason why there is none: a measurement that the page tells of, a rule of others, an example. */
export type FigureSource = CodeSource | readonly CodeSource[] | string;

const diskPatience: CodeSource = ["src/system/disk.ts", "const patience = 2000;"];
const programStart: CodeSource = ["src/ffi/spawner.ts", "const longStart = 3000;"];
const watchedTime: CodeSource = ["src/auth/watch.ts", "const around = 26 * 60;"];
const watchedLooks: CodeSource = ["src/auth/watch.ts", "rate: 0.01, most: 10"];
const watchTime: CodeSource = ["src/daemon/knock/key-watch.ts", "const longest = 300_000;"];
const packet: CodeSource = ["src/knock/packet.ts", "packetLength = 144"];
const carried: CodeSource = ["src/auth/stun.ts", "carriedLength = 192"];
const freshness: CodeSource = ["docs/configuration.md", "from 10s to 10m | 2m |"];
const openings: CodeSource = ["src/daemon/kernel-openings.ts", "const lookDelay = 5_000;"];
const closing: CodeSource = ["src/daemon/close-leases.ts", "const closingTimeout = 10_000;"];
const hold: CodeSource = ["src/grant/command-scheduler.ts", "const longestHold = 10_000;"];
const measured = "measured: the page says where";
const linux = "a default or a limit of Linux";
const example = "an example";

/** By page, then by the figure, with `s`, `m`, `h` and `d` for times. Pages without a figure are not here. */
export const figureSources: Readonly<Record<string, Readonly<Record<string, FigureSource>>>> = {
  "CONTRIBUTING.md": { "700,000 a second": measured, "72 characters": "a rule of the project" },
  "docs/architecture.md": {
    "80 bytes": ["src/capture/ring-socket.ts", "frame: 160, block: 65_536, blocks: 161"],
    "10 MiB": ["src/capture/ring-socket.ts", "block: 65_536, blocks: 161"],
    "10 ms": ["src/daemon/log/daemon-log.ts", "const delay = 10;"],
    "5 s": openings,
    "2 s": diskPatience,
    "200 ms": ["src/ffi/spawner.ts", "const usualStart = 200;"],
    "15 s": ["src/daemon/idle-memory.ts", "const idleTime = 15_000;"],
    "72 MiB": ["src/match/attempts/table-memory.ts", "recordWords = 16"],
    "0.04 ms": measured,
    "0.4 ms": measured,
    "4 ms": measured,
    "140 ms": measured,
    "7 MiB": measured,
  },
  "docs/browser.md": {
    "0.7 s": ["src/invitation/pace.ts", "shortestPace = 700"],
    "0.9 s": ["src/invitation/pace.ts", "usualPace = 900"],
    "1.5 s": ["src/invitation/pace.ts", "firstStep = 1500"],
    "3 s": ["page/carry.ts", "const sending = 3000;"],
    "60 KB": [
      "test/repository/page.test.ts",
      "expect(Buffer.byteLength(page)).toBeLessThan(60_000)",
    ],
    "1 KB": measured,
    "0 ms": measured,
    "251 ms": measured,
    "301 ms": measured,
    "551 ms": measured,
    "1 s": measured,
    "2 s": measured,
    "31 ms": measured,
    "62 ms": measured,
    "117 ms": measured,
    "284 bytes": measured,
  },
  "docs/client.md": {
    "0.9 s": ["src/client/first-syn.ts", ": 900;"],
    "1 s": linux,
    "5 s": ["src/client/wait.ts", "usualTimeout = 5_000"],
    "0.25 s": ["src/client/attempt.ts", "probeTimes = [250,"],
    "4 s": ["src/client/attempt.ts", "longestProbe = 4_000"],
    "3 s": ["src/client/keep.ts", "checkInterval = 3_000"],
    "45 %": ["src/client/keep.ts", "renewal = 0.45"],
    "15 s": "of OpenSSH",
    "300 ms": example,
    "250 ms": ["src/client/attempt.ts", "leastDelayAgain = 250"],
    "144 bytes": packet,
    "2 m": freshness,
    "10 m": example,
    "200 ms": example,
    "40 MiB": measured,
    "25 ms": measured,
    "55 ms": measured,
    "61 ms": measured,
    "512 MiB": measured,
    "658 ms": measured,
    "676 ms": measured,
    "830 ms": measured,
    "875 ms": measured,
  },
  "docs/clients.md": {
    "7 s": linux,
    "15 s": measured,
  },
  "docs/console.md": {
    "30 s": ["src/cli/knockctl/console/feed.ts", "findPeriod = 30_000"],
    "16 KiB": ["src/cli/knockctl/console/body.ts", "longestBody = 16_384"],
    "10 s": ["src/cli/knockctl/console/server.ts", "arrivalTimeout = 10_000"],
    "64 connections": ["src/cli/knockctl/console/server.ts", "mostUnknown = 64"],
    "128 connections": ["src/cli/knockctl/console/server.ts", "mostConnections = 2 * mostUnknown"],
  },
  "docs/control-protocol.md": {
    "2 s": diskPatience,
    "1 MiB": ["src/daemon/state/access-history.ts", "longestFile = 1 << 20"],
    "30 d": ["src/fleet/roster.ts", "forgottenAfter = 30 * 24"],
    "5 s": [
      ["src/daemon/administrator-opening.ts", "const patience = 5000;"],
      ["src/fleet/closing-confirmation.ts", "const patience = 5_000;"],
    ],
    "10 m": ["src/daemon/rehearsal.ts", "longest = 600_000"],
    "5 m": watchTime,
    "26 h": watchedTime,
    "3 s": [["src/grant/queue-problems.ts", "usualWait = 3000"], programStart],
    "10 s": hold,
  },
  "docs/fleet.md": {
    "5 s": ["src/fleet/closing-confirmation.ts", "const patience = 5_000;"],
    "30 s": ["src/fleet/roster.ts", "mostClockDifference = 30_000"],
    "5 m": ["src/fleet/record.ts", "mostOverdue = 300_000"],
    "32 bytes": ["src/config/fleet-file.ts", "keyLength = 32"],
    "3.5 s": measured,
    "3.7 s": measured,
    "15 sources": measured,
    "30 connections": measured,
  },
  "docs/from-fwknop.md": {
    "880 characters": ["src/knock/fwknop-packet.ts", "longest = 880"],
    "2,000 HMACs": ["src/auth/fwknop-tries.ts", "mostTries = 2000"],
    "1,024 packets": ["src/auth/fwknop-window.ts", "mostAccepted = 1024"],
    "100 keys": ["src/auth/fwknop-tries.ts", "allTries = 20_000"],
    "100 packets": [
      "src/auth/fwknop-tries.ts",
      "Math.min(mostTries, allTries / keys.length) / 2000",
    ],
  },
  "docs/from-knockd.md": {
    "6 s": ["src/daemon/daemon.ts", "closing: 6000"],
    "15 bytes": ["src/ffi/packet-socket.ts", "IFNAMSIZ = 16"],
    "130 s": ["src/match/duplicate-filter.ts", "retransmissionWindow = 130_000"],
    "55 m": ["src/grant/closing-failure.ts", "first: 3000, factor: 3"],
    "3 s": programStart,
    "64 KiB": linux,
    "128 KiB": linux,
    "4096 bytes": "of knockd 0.8",
    "1023 bytes": "of knockd 0.8",
    "10 s": hold,
    "1 s": ["docs/configuration.md", "`Rest = 5s`"],
    "2 s": diskPatience,
  },
  "docs/kernel-doors.md": {
    "100 ms": ["src/firewall/nftables/kernel-doors.ts", "shortestTime = 100"],
    "5 s": openings,
    "10 a second": ["src/firewall/nftables/kernel-machine.ts", "limit rate 10/second burst 20"],
    "61 s": [
      ["src/match/decoys/scanners.ts", "penalty = 60_000"],
      ["src/firewall/nftables/kernel-scanners.ts", 'scannerTime = "61s"'],
    ],
    "50,000 leases": ["src/grant/lease-limits.ts", "mostLeases = 50_000"],
    "131 s": ["src/firewall/nftables/rule-text.ts", 'retransmissionTime = "131s"'],
    "10 s": example,
    "6,000 sources": ["src/firewall/nftables/kernel-sets.ts", "size 65536"],
    "1,000 packets": ["src/firewall/nftables/kernel-sets.ts", "131072"],
    "1,070 sources": ["src/firewall/nftables/kernel-sets.ts", "size 65536"],
  },
  "docs/keys.md": {
    "32 characters": ["src/config/principals.ts", "[a-z0-9][a-z0-9._-]{0,31}"],
    "5 m": watchTime,
    "26 h": watchedTime,
    "10 packets": watchedLooks,
  },
  "docs/knock-packet.md": {
    "8s": "eight times s",
    "144 bytes": packet,
    "44 bytes": ["src/knock/packet.ts", "fieldsLength = 44"],
    "8 bytes": ["src/knock/hint.ts", "hintLength = 8"],
    "1 m": "the length of a minute",
    "1 s": ["src/knock/packet-series.ts", "mostAhead = 1_000_000"],
    "2 m": freshness,
    "10 ms": ["src/auth/hints.ts", "rate: 0.1, most: 20"],
    "50 a second": ["src/auth/authenticator.ts", "rate: 0.05, most: 100"],
    "5,000 a second": ["src/auth/authenticator.ts", "rate: 5, most: 500"],
    "192 characters": carried,
    "193 bytes": carried,
    "12 bytes": "ChaCha20-Poly1305",
    "32 bytes": "SHA-256",
    "64 bytes": "Ed25519",
    "68 bytes": "Ed25519",
    "91 characters": "base64",
    "3,600 s": example,
  },
  "docs/monitoring.md": {
    "10 s": ["src/daemon/metrics/metrics-server.ts", "defaultTimeout = 10_000"],
    "7 d": ["docs/alerts.yml", "7 * 86400"],
  },
  "docs/security.md": {
    "1 s": ["src/daemon/host/ports-in-use.ts", "rereadInterval = 1000"],
    "3 s": "a million places at 300,000 a second",
    "10,000 leases": ["src/grant/lease-limits.ts", "mostFailing = 10_000"],
    "100,000 packets": measured,
    "4 m": [freshness, ["src/auth/authenticator.ts", "lossLife = 1_200_000"]],
    "20 m": ["src/auth/authenticator.ts", "lossLife = 1_200_000"],
    "4 s": "the slowest scan of the simulations",
    "32 decoys": ["docs/configuration.md", "| 32 |"],
    "1,024 decoys": ["src/match/decoys/choose.ts", "mostDecoys = 1024"],
    "260,000 packets": ["src/match/duplicate-filter.ts", "const sets = 65536;\nconst places = 4;"],
    "2 s": diskPatience,
    "0.8 s": ["src/daemon/daemon.ts", "closing: 800"],
    "144 bytes": packet,
    "192 characters": carried,
    "7 d": ["src/cli/knockctl/rotate.ts", '?? "7d"'],
    "63 s": linux,
    "50 s": measured,
    "70 s": measured,
    "30 s": linux,
    "120 s": linux,
  },
  "docs/troubleshooting.md": {
    "10 s": closing,
    "2 s": diskPatience,
    "25 s": ["docs/configuration.md", "| 25s |"],
  },
};
