import fc from "fast-check";
import { expect, test } from "vitest";
import { parseServices } from "../../base/service.ts";
import { judgeServices } from "./blocks.ts";
import { readRulesets } from "./rulesets.ts";

const interfaces = new Map([
  [4, ["eth0"]],
  [6, [undefined]],
] as const);
const services = parseServices(["tcp/22", "udp/53", "icmp"]);
const nothing = { nft: "", saved4: "", saved6: "", legacy4: "", legacy6: "", version: "" };

/** Names and values of both languages, and names that every object of JavaScript has. */
const word = fc.constantFrom(
  ...["match", "left", "right", "op", "payload", "protocol", "field", "set", "vmap", "data", "key"],
  ...["tcp", "ip", "dport", "saddr", "flags", "&", "|", "concat", "meta", "ct", "state", "fib"],
  ...["==", "!=", "<", "in", "accept", "drop", "jump", "target", "a", "range", "prefix", "xt"],
  ...["constructor", "toString", "__proto__", "-A", "!", "-p", "-s", "--dport", "-m", "-j", "-i"],
  ...["10.0.0.0/8", "22", "22,80:90", "DROP", "INPUT", "SYN,ACK", "--tcp-flags", '"', "\\"],
);

const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    word,
    fc.integer({ min: -1, max: 70_000 }),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(word, tie("value"), { maxKeys: 3 }),
  ),
})).value;

test("no JSON of nft is too odd to be read", () => {
  const rule = fc.record({
    chain: fc.constantFrom("in", "a"),
    expr: fc.array(json, { maxLength: 4 }),
  });
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 5 }), json, (rules, other) => {
      const place = { family: "inet", table: "t" };
      const items = [
        { chain: { ...place, name: "in", hook: "input", prio: 0, policy: "accept" } },
        { chain: { ...place, name: "a" } },
        ...rules.map((one) => ({ rule: { ...place, ...one } })),
        other,
      ];
      const nft = JSON.stringify({ nftables: items });
      expect(
        judgeServices(services, readRulesets({ ...nothing, nft }), { interfaces }),
      ).toBeDefined();
    }),
  );
});

test("no line of iptables is too odd to be read", () => {
  const line = fc.array(word, { maxLength: 8 }).map((words) => words.join(" "));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), word, (lines, table) => {
      const rules = lines.map((one) => `-A INPUT ${one}`).join("\n");
      const saved4 = `*${table}\n:INPUT DROP [0:0]\n${rules}\n*filter\n:INPUT ACCEPT\n:a -\n${rules}\n`;
      const tables = readRulesets({ ...nothing, saved4, saved6: saved4 });
      expect(judgeServices(services, tables, { interfaces })).toBeDefined();
    }),
  );
});
