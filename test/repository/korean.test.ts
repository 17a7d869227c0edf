// Each text that `init`, `guard`, `doctor`, `knock` and the console show has a Korean one.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { koreanTables } from "../../src/cli/words/korean.ts";
import { translator } from "../../src/cli/words/translate.ts";
import { messagesIn } from "../support/messages.ts";

const root = join(import.meta.dirname, "../..");
const translate = translator(...Object.values(koreanTables));

/** Where the texts are made: files, and folders with all their files. */
const places = [
  "src/auth/rights.ts",
  "src/cli/getopt.ts",
  "src/cli/knock",
  "src/cli/knock.ts",
  "src/cli/knockctl/command-line.ts",
  "src/cli/knockctl/command.ts",
  "src/cli/knockctl/console",
  "src/cli/knockctl/console.ts",
  "src/cli/knockctl/doctor",
  "src/cli/knockctl/doctor.ts",
  "src/cli/knockctl/door-operand.ts",
  "src/cli/knockctl/follow-trial.ts",
  "src/cli/knockctl/guard.ts",
  "src/cli/knockctl/init",
  "src/cli/knockctl/init.ts",
  "src/cli/knockctl/kernel-doors.ts",
  "src/cli/knockctl/page-url.ts",
  "src/cli/knockctl/strength.ts",
  "src/cli/knockctl/trial-watch.ts",
  "src/cli/knockctl/trial.ts",
  "src/cli/knockctl/user/device-link.ts",
  "src/cli/knockctl/user/enrolment.ts",
  "src/cli/knockctl/user/files.ts",
  "src/cli/permission.ts",
  "src/client",
  "src/config/behind.ts",
  "src/config/commands/iptables-options.ts",
  "src/config/fleet-file.ts",
  "src/config/forward-target.ts",
  "src/config/fwknop-keys.ts",
  "src/config/hook.ts",
  "src/config/knock-ports.ts",
  "src/config/lines.ts",
  "src/config/load.ts",
  "src/config/names.ts",
  "src/config/parse.ts",
  "src/config/principals.ts",
  "src/config/section.ts",
  "src/config/store.ts",
  "src/config/traps",
  "src/config/users.ts",
  "src/config/values.ts",
  "src/control/client.ts",
  "src/daemon/administration.ts",
  "src/daemon/child-processes.ts",
  "src/daemon/configured-kernel-doors.ts",
  "src/daemon/door-activity.ts",
  "src/daemon/fleet/fleet-problems.ts",
  "src/daemon/knock/clock-check.ts",
  "src/daemon/knock/knock-report.ts",
  "src/daemon/protection/guard.ts",
  "src/daemon/protection/inspect.ts",
  "src/daemon/refused-config.ts",
  "src/daemon/reports.ts",
  "src/firewall/foreign/remedy.ts",
  "src/firewall/nftables/kernel-doors.ts",
  "src/grant/closing-failure.ts",
  "src/grant/lease-limits.ts",
  "src/grant/queue-problems.ts",
  "src/setup/apply.ts",
  "src/setup/blocked-services.ts",
  "src/setup/enrolment.ts",
  "src/setup/paths.ts",
  "src/setup/plan.ts",
  "src/setup/ports.ts",
  "src/setup/probe-host.ts",
  "src/setup/probe.ts",
  "src/setup/protect.ts",
  "src/setup/record.ts",
  "src/setup/restore-config.ts",
  "src/setup/rotate.ts",
  "src/setup/running-daemon.ts",
  "src/setup/service-control.ts",
  "src/setup/ufw.ts",
];

/** --help, the protocol of the page, and answers to programs are English. */
const english = [
  "src/cli/knock/usage.ts",
  "src/cli/knockctl/console/security-headers.ts",
  "src/cli/knockctl/console/viewers.ts",
];

/** What is typed, written into files, or as knockd's client prints it. */
const same: readonly string[] = [
  ", its clock {} s {}",
  '--add-rich-rule=\'rule family="ipv4" source address="%IP%" …\'',
  "--address 192.0.2.10",
  "--dport --destination-port --sport --source-port --syn --tcp-flags --icmp-type --icmpv6-type",
  "--dports --destination-ports --sports --source-ports",
  "--zone={}",
  "-p icmp --icmp-type echo-request",
  "-p icmpv6 --icmpv6-type echo-request",
  "-p tcp",
  "-p {} --dport {}",
  "BindAddress or BindInterface",
  "Failed to resolve hostname '{}' on port {}",
  "Firewall = nftables",
  "GET /events",
  "Interface = any",
  "Linux {}, {}",
  "POST /actions",
  "POST /session",
  "Sequence = 7000,8000,9000",
  "\\b{}=|\\bread\\b|\\bfor {}\\b",
  "allow from %IP% to any port …",
  "apt install nftables",
  "chmod +x {}",
  "chmod 600 {}",
  "client {} --host {}{}",
  "echo ready; exec cat",
  "error: delay cannot be negative",
  "exec 3<>/dev/tcp/{}/{}",
  "firewall-cmd --permanent{} {} && sudo firewall-cmd --reload",
  "forgive {}",
  "getaddrinfo: {}",
  "guard --confirm",
  "guard --confirm --all",
  "hint: {}",
  "history {}",
  "hitting {}",
  "insert rule … {}",
  "ip link set {} up",
  "ip saddr %IP%",
  "key = lock1:…",
  "key = {}",
  "knock -d 200 {} {}",
  "knock 0.8 (Sesame {})",
  "knock NAME",
  "knock {}-d {} {} {}",
  "knockctl check {}",
  "knockctl user add NAME --fwknop",
  'knockctl close "{}" {}',
  "knockctl status --json",
  "knockd -d",
  "knockd -d -c {}",
  "mkdir {}",
  "nft insert rule {} {} {} {} accept",
  "no point of the curve",
  "open = tcp/2222 -> 10.0.0.5:22",
  "serial = {}",
  "ssh -S none {}{}",
  "sysctl -w {}=1",
  "systemctl enable --now knockd",
  "systemctl start knockd",
  "text/css; charset=utf-8",
  "text/event-stream; charset=utf-8",
  "text/html; charset=utf-8",
  "text/javascript; charset=utf-8",
  "the changed configuration",
  "the door {} is lost",
  "to {} port {}",
  "ufw allow {}",
  "ufw allow {}/{}",
  "ufw route allow proto {} {}",
  "user add NAME --host NAME",
  "user add {} --host NAME",
  "user show {}",
  "users = …",
  "{}\n\n    {} --from-console",
  "{}\n\n    {}knockctl unprotect{}\n        {}\n    {}knockctl undo{}\n        {}",
  "{} daddr {}",
  "{} dport {}",
  "{} type echo-request",
];

function filesIn(place: string): string[] {
  if (place.endsWith(".ts")) return [place];
  return readdirSync(join(root, place))
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => `${place}/${name}`);
}

const files = places.flatMap(filesIn).filter((file) => !english.includes(file));
const messages = files.flatMap((file) =>
  messagesIn(join(root, file)).map((text) => ({ file, text })),
);
const keys = Object.values(koreanTables).flatMap((table) => Object.keys(table));
const anonymous = keys.map((key) => key.replaceAll(/\{[nw]\}/g, "{}"));

/** Returns whether `key` has the parts of a text in their order: texts that are put together are parts of a key. */
function hasParts(key: string, text: string): boolean {
  let at = 0;
  for (const part of text.replace(/^[\s,;]+/, "").split("{}")) {
    at = key.indexOf(part, at);
    if (at < 0) return false;
    at += part.length;
  }
  return true;
}

test("every text has a Korean one, or is the same in all languages", () => {
  const untranslated = messages.filter(
    ({ text }) => !same.includes(text) && !anonymous.some((key) => hasParts(key, text)),
  );
  expect(untranslated).toEqual([]);
  expect(messages.length).toBeGreaterThan(500);
  const texts = messages.map(({ text }) => text);
  expect(same.filter((text) => !texts.includes(text))).toEqual([]);
});

/** Those whose words stand in several texts. */
const composed: readonly string[] = ["{n} knock in {}", "{n} knocks in {}"];

test("no Korean text is for an English one that is gone", () => {
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => /(?<!\.test)\.ts$/.test(name) && !name.startsWith("cli/words/korean"))
    .map((name) => readFileSync(join(root, "src", name), "utf8"));
  const known = new Set(
    sources.flatMap((source) => [2, 3].flatMap((count) => runsOfWords(source, count))),
  );
  const { errnoKorean: _, ...own } = koreanTables;
  const dead = Object.values(own)
    .flatMap((table) => Object.keys(table))
    .filter((key) => {
      const parts = key.split(/\{[nw]?\}/).filter((part) => runsOfWords(part, 2).length > 0);
      return parts.length > 0 && !parts.some(isKnown);
    });
  function isKnown(part: string): boolean {
    const count = Math.min(3, part.match(/\w+/g)?.length ?? 0);
    return runsOfWords(part, count).some(
      (run) => known.has(run) || known.has(run.replace(/s$/, "")),
    );
  }
  expect(dead.filter((key) => !composed.includes(key))).toEqual([]);
});

/** Returns each run of `count` successive words. */
function runsOfWords(text: string, count: number): string[] {
  const words = text.match(/\w+/g) ?? [];
  return words.slice(count - 1).map((_, i) => words.slice(i, i + count).join(" "));
}

/** A text with values in its gaps, and what it is to be in Korean. */
function example(
  english: string,
  korean: string,
): { text: string; wanted: string; values: string[] } {
  const gaps = english.match(/\{[nw]?\}/g) ?? [];
  const values = gaps.map((gap, i) => (gap === "{n}" ? `${i + 2}` : `gap${i}`));
  let at = 0;
  const text = english.replace(/\{[nw]?\}/g, () => values[at++] ?? "");
  const wanted = korean.replace(/\{(\d)\}/g, (_, nth: string) => values[Number(nth) - 1] ?? "?");
  return { text, wanted, values };
}

describe("each Korean text", () => {
  const all = Object.values(koreanTables).flatMap((table) => Object.entries(table));

  test("stands for its English one, with the same gaps", () => {
    const translated = all.map(([english, korean]) => translate(example(english, korean).text));
    expect(translated).toEqual(all.map(([english, korean]) => example(english, korean).wanted));
    const incomplete = all.filter(([english, korean]) => {
      const { wanted, values } = example(english, korean);
      return !values.every((value) => wanted.includes(value)) || !/\p{Script=Hangul}/u.test(korean);
    });
    expect(incomplete).toEqual([]);
  });

  test("names the same options", () => {
    const options = (text: string) => [...new Set(text.match(/--[a-z][a-z-]*/g) ?? [])].sort();
    const other = all.filter(([english, korean]) => `${options(english)}` !== `${options(korean)}`);
    expect(other).toEqual([]);
  });

  test("stands in one table", () => {
    expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
  });
});

test("what stands in gaps is translated, too, and names are not", () => {
  expect(translate('/etc/knockd.conf:3:9: "x" is not a port')).toBe(
    '/etc/knockd.conf:3:9: "x": 잘못된 포트입니다',
  );
  expect(translate("cannot read /etc/knockd.conf: Permission denied")).toBe(
    "/etc/knockd.conf 파일을 읽을 수 없습니다: 허가 거부",
  );
  expect(translate("  the knock of 192.0.2.7 opened [clock]: tcp/22 for 30s\n")).toBe(
    "  192.0.2.7 주소의 노크로 [clock] 문이 열렸습니다: tcp/22(30초 동안)\n",
  );
  expect(translate("listening for 1m 5s more")).toBe("앞으로 1분 5초 동안 기다립니다");
  expect(translate("nobody knows this text")).toBe("nobody knows this text");
});
