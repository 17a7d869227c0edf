import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { forwardedPorts, readIptables, readNft } from "./forwarded.ts";

describe("with programs of its own in PATH", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sesame-forwarded-"));
    vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });
  const program = (name: string, script: string) => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  const nat = (port: number) =>
    `printf '*nat\\n-A PREROUTING -p tcp --dport ${port} -j DNAT\\nCOMMIT\\n'`;

  test("all are asked, and those that fail are ignored", async () => {
    const expr = [
      { match: { left: { payload: { field: "dport" } }, right: 2222 } },
      { dnat: { addr: "10.0.0.2" } },
    ];
    const rule = { family: "ip", table: "nat", expr };
    program("nft", `printf '%s' '${JSON.stringify({ nftables: [{ rule }] })}'`);
    program("iptables-save", nat(81));
    program("ip6tables-save", `${nat(82)}; exit 1`);
    program("iptables-legacy-save", "exit 0");
    program("ip6tables-legacy-save", nat(83));
    const { signal } = new AbortController();
    expect(await forwardedPorts(signal, "sesame")).toEqual(new Set([2222, 81, 83]));
  });

  test("what one says that ran before the end is known", async () => {
    program("nft", "exit 1");
    program("iptables-save", nat(81));
    program("ip6tables-save", `echo >${folder}/waits; sleep 60; ${nat(82)}`);
    program("iptables-legacy-save", nat(83));
    program("ip6tables-legacy-save", nat(84));
    const end = new AbortController();
    const found = forwardedPorts(end.signal, "sesame");
    await expect.poll(() => existsSync(join(folder, "waits")), { timeout: 20_000 }).toBe(true);
    end.abort();
    expect(await found).toEqual(new Set([81]));
  });
});

describe("what iptables-save says of forwarded ports", () => {
  const save = (...rules: string[]) =>
    [
      "*filter",
      "-A INPUT -p tcp -m tcp --dport 1 -j DROP",
      "COMMIT",
      "*nat",
      ...rules,
      "COMMIT",
    ].join("\n");

  test.each([
    [
      "a port",
      "-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.2:80",
      [8080],
    ],
    [
      "a range",
      "-A PREROUTING -p udp -m udp --dport 10:12 -j REDIRECT --to-ports 53",
      [10, 11, 12],
    ],
    [
      "several",
      "-A X -p tcp -m multiport --dports 80,443,20:21 -j DNAT --to 10.0.0.2",
      [80, 443, 20, 21],
    ],
    ["a port whose rule leads to another chain", "-A PREROUTING -p tcp --dport 99 -j DOCKER", [99]],
    ["no port", "-A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE", []],
    ["nonsense", "-A X -p tcp --dport abc:99999 -j DNAT", []],
  ])("%s", (_, rule, ports) => expect(readIptables(save(rule))).toEqual(ports));

  test("nothing of other tables, or of none", () => {
    expect(readIptables("*mangle\n-A X --dport 5 -j MARK\nCOMMIT\n*filter\nCOMMIT\n")).toEqual([]);
    expect(readIptables("")).toEqual([]);
  });
});

test("what our own table forwards is no service of others", () => {
  const match = {
    match: { left: { payload: { protocol: "tcp", field: "dport" } }, right: 2222 },
  };
  const rule = (table: string) => ({
    rule: { family: "inet", table, chain: "x", expr: [match, { dnat: { addr: "10.0.0.2" } }] },
  });
  const text = JSON.stringify({ nftables: [rule("sesame")] });
  expect(readNft(text, "sesame")).toEqual([]);
  expect(readNft(text, "other")).toEqual([2222]);
});

describe("what nft says of forwarded ports", () => {
  const rule = (...expr: object[]) => ({
    rule: { family: "ip", table: "nat", chain: "pre", expr },
  });
  const ports = (...items: object[]) =>
    readNft(JSON.stringify({ nftables: [{ metainfo: {} }, ...items] }));
  const dport = { payload: { protocol: "tcp", field: "dport" } };
  const is = (right: unknown) => ({ match: { op: "==", left: dport, right } });
  const dnat = { dnat: { addr: "10.0.0.2", port: 80 } };

  test.each([
    ["a port", [rule(is(8080), dnat)], [8080]],
    ["a range", [rule(is({ range: [10, 12] }), { redirect: { port: 53 } })], [10, 11, 12]],
    [
      "several",
      [rule(is({ set: [80, 443, { range: [20, 21] }] }), { tproxy: {} })],
      [80, 443, 20, 21],
    ],
    [
      "a map",
      [rule({ dnat: { addr: { map: { key: dport, data: { set: [[81, "10.0.0.2"]] } } } } })],
      [81],
    ],
    [
      "a port together with an address",
      [
        rule(
          {
            match: {
              left: { concat: [{ payload: { protocol: "ip", field: "daddr" } }, dport] },
              right: { set: [{ concat: ["192.0.2.1", 7777] }] },
            },
          },
          dnat,
        ),
      ],
      [7777],
    ],
    [
      "another rule of the same table",
      [rule(is(8081), { jump: { target: "x" } }), rule(dnat)],
      [8081],
    ],
    ["not those of tables that redirect nothing", [rule(is(22), { accept: null })], []],
    [
      "no source ports",
      [rule({ match: { left: { payload: { field: "sport" } }, right: 5 } }, dnat)],
      [],
    ],
  ])("%s", (_, items, expected) => expect(ports(...items)).toEqual(expected));

  test.each([
    "",
    "{",
    "[]",
    "null",
    '{"nftables":5}',
    '{"nftables":[{"rule":{"expr":[null,{"dnat":1}]}}]}',
  ])("nothing, of %j", (text) => expect(readNft(text)).toEqual([]));
});
