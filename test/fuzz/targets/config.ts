import { parseConfig } from "../../../src/config/parse.ts";
import { formatWithHint } from "../../../src/config/problem.ts";
import type { SeededRandom } from "../../differential/random.ts";
import { doorRows, namesIn, optionRows } from "../../support/directives.ts";
import type { FuzzTarget } from "../target.ts";
import { promise, words } from "../target.ts";

const values = [
  "7000,8000,9000",
  "8000,9000",
  "7000:udp, 8000:tcp,9000 # note",
  "1:udp",
  "30s",
  "500ms",
  "10 seconds",
  "5 parsecs",
  "0",
  "syn,!ack",
  "fin,syn,rst,psh,ack,urg",
  "192.0.2.1, 2001:db8::/32",
  "host.example",
  "/sbin/iptables -A INPUT -s %IP% -p tcp --dport 22 -j ACCEPT",
  "nft add rule inet filter input ip saddr %IP% accept",
  "echo –dport",
  "tcp/22, udp/51820, icmp",
  "eth0, any",
  "eth0,eth1",
  "yes",
  "nftables",
  "json",
  "extend",
  "rerun",
  "refuse",
  "100000",
  "/var/log/knockd.log # there",
  "nobody",
  "sesame",
  "",
];
const options = namesIn(optionRows);
const directives = [...namesIn(doorRows), "Sequenc", "Comand", "Tragets", "esr_timeout"];
const headings = ["[options]", "[OPTIONS]", "[ssh]", "[a b] # x", "[]", "[a] b", "[", "[x]y]"];

/** A knockd.conf: it is a configuration, or something is said to be wrong with it, and where. */
export const configTarget: FuzzTarget = {
  name: "config",
  covers: ["src/config/parse.ts", "src/config/lines.ts", "src/config/directives.ts"].concat(
    ["src/config/values.ts", "src/config/traps/file.ts", "src/config/traps/overlaps.ts"],
    ["src/base/sequence.ts", "src/base/duration.ts", "src/base/port.ts", "src/base/service.ts"],
    ["src/config/problem.ts", "src/config/section.ts", "src/config/kinds.ts"],
    ["src/config/directive.ts", "src/base/nearest.ts"],
  ),
  longest: 65_536,
  words: words(
    ...values,
    ...headings,
    ...options,
    ...directives,
    ...[
      "\n",
      "\r\n",
      " = ",
      "=",
      "#",
      " #",
      ";",
      ",",
      ":",
      "!",
      "/",
      "%",
      "\0",
      "\u2028",
      "\ufeff",
    ],
    ...[
      "iptables ",
      " -A INPUT ",
      " ACCEPT",
      "nft add rule ",
      " input ",
      " accept",
      "–",
      "\u{1f511}",
    ],
  ),
  make: makeConfig,
  limit: (length) => 5 + length / 500,
  run(input) {
    const text = textOf(input);
    const { config, problems } = parseConfig(text);
    const lines = text.split("\n");
    const errors = problems.filter(({ severity }) => severity === "error");
    promise((config === undefined) === errors.length > 0, "no configuration, and no error");
    let last = 0;
    for (const problem of problems) {
      const { line, column, message } = problem;
      const length = lines[line - 1]?.length ?? -1;
      const isThere = line >= last && column >= 1 && column <= length + 1;
      promise(isThere, `${message.slice(0, 100)} at ${line}:${column}`);
      promise(formatWithHint("f", problem).startsWith(`f:${line}:${column}: `), "no place");
      last = line;
    }
    for (const { sequence, timeout, action } of config?.doors ?? []) {
      promise(sequence.kind !== "fixed" || sequence.steps.length > 0, "a door without a sequence");
      const closeAfter = action.kind === "native" ? action.openFor : action.closeAfter;
      promise(timeout >= 0 && closeAfter >= 0 && timeout + closeAfter < 1e15, "no length of time");
    }
    const [problem = problems[0]] = errors;
    return (
      problem?.message.replaceAll(/["'].*["']|[\d.]+/gs, "…").slice(0, 60) ?? "a configuration"
    );
  },
};

/** As a file is read: UTF-8, or else Latin-1. */
function textOf(input: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(input);
  } catch {
    return Buffer.from(input).toString("latin1");
  }
}

function makeConfig(random: SeededRandom): Uint8Array {
  const lines = random.several(0, 4, () => [
    random.percent(95) ? random.pick(headings) : "",
    ...random.several(0, 8, () => {
      const key = random.pick(random.percent(30) ? options : directives);
      return `${key} = ${random.pick(values)}`;
    }),
  ]);
  const text = lines.flat().join(random.percent(90) ? "\n" : "\r\n");
  return new TextEncoder().encode(text);
}
