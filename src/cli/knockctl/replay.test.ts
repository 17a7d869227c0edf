import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { KnockDevice } from "../../../test/support/knock-device.ts";
import { knockctl, knockctlAt } from "../../../test/support/knockctl.ts";
import { address, ipv4, UDP, udp } from "../../../test/support/packets.ts";
import type { PacketOptions, Recorded } from "../../../test/support/savefiles.ts";
import { ipPacket, pcap } from "../../../test/support/savefiles.ts";
import { tooWide } from "../../../test/support/wide.ts";

beforeEach(() => void vi.stubEnv("TZ", "UTC"));
afterEach(() => vi.unstubAllEnvs());

const folder = mkdtempSync(join(tmpdir(), "sesame-replay-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

const config = file(
  "knockd.conf",
  `[ssh]
sequence = 7000,8000,9000:udp
seq_timeout = 5
tcpflags = syn,!ack
open = tcp/22
open_for = 1m

[backup]
sequence = 8000,7000
tcpflags = fin
start_command = start-backup %IP%
`,
);

function at(milliseconds: number, port: number, more: Partial<PacketOptions> = {}): Recorded {
  const fields = { from: "192.0.2.7", to: "192.0.2.1", port, ...more };
  return { wall: 1_800_000_000_000 + milliseconds, data: ipPacket(fields) };
}

async function replay(packets: readonly Recorded[], ...args: string[]) {
  return await knockctl("replay", file("x.pcap", pcap(packets)), "--config", config, ...args);
}

const arp = { wall: 1_800_000_000_500, data: Uint8Array.of(0x15, 0, 0) };
const bob = { from: "2001:db8::8", to: "2001:db8::1" };
const story = [
  at(0, 7000),
  at(100, 8000, { flags: 18 }),
  at(120, 8000),
  at(200, 22),
  at(300, 9000, { protocol: "udp" }),
  arp,
  at(1000, 9000, { ...bob, protocol: "udp" }),
  at(2000, 7000, bob),
  at(3000, 8000, { flags: 1 }),
  at(3100, 7000, { flags: 1 }),
];

describe("screens", () => {
  test("every packet that a door could want, and what it did", async () => {
    const { code, stdout, stderr } = await replay(story);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatchInlineSnapshot(`
      "     1     0.000  tcp 192.0.2.7:40000 -> 192.0.2.1:7000 SYN
                          ssh     Stage 1 of 3
                          backup  packet is not FIN, ignoring...
           2     0.100  tcp 192.0.2.7:40000 -> 192.0.2.1:8000 SYN,ACK
                          ssh     packet is not SYN,!ACK, ignoring...
                          backup  packet is not FIN, ignoring...
           3     0.120  tcp 192.0.2.7:40000 -> 192.0.2.1:8000 SYN
                          ssh     Stage 2 of 3
                          backup  packet is not FIN, ignoring...
           5     0.300  udp 192.0.2.7:40000 -> 192.0.2.1:9000
                          ssh     Stage 3 of 3
                          ssh     OPEN SESAME
                          ssh     would open tcp/22 for 192.0.2.7 for 60 s
           7     1.000  udp [2001:db8::8]:40000 -> [2001:db8::1]:9000
                          ssh     step 3 of the sequence, but no knock is under way: it begins with 7000:tcp
           8     2.000  tcp [2001:db8::8]:40000 -> [2001:db8::1]:7000 SYN
                          ssh     Stage 1 of 3
                          backup  packet is not FIN, ignoring...
           9     3.000  tcp 192.0.2.7:40000 -> 192.0.2.1:8000 FIN
                          backup  Stage 1 of 2
                          ssh     packet is not SYN,!ACK, ignoring...
          10     3.100  tcp 192.0.2.7:40000 -> 192.0.2.1:7000 FIN
                          backup  Stage 2 of 2
                          backup  OPEN SESAME
                          backup  would run: start-backup 192.0.2.7
                          ssh     packet is not SYN,!ACK, ignoring...
           -     8.000  time goes on
                          ssh     2001:db8::8: sequence timeout (stage 1)
           -    60.300  time goes on
                          ssh     192.0.2.7: would be closed again

      recorded from  2027-01-15 08:00:00
      packets        10
      not looked at  2
                     1 to a port of no door
                     1 neither IPv4 nor IPv6
      opened         ssh 1x, backup 1x
      "
    `);
  });

  test.each([80, 120])("fit a terminal of %i columns", async (columns) => {
    const long = {
      from: "2001:db8:1234:5678:9abc:def0:1234:5678",
      to: "2001:db8:1234:5678:9abc:def0:1234:5679",
    };
    const path = file("wide.pcap", pcap([...story, at(4000, 7000, long), at(4100, 9000, long)]));
    const { stdout } = await knockctlAt(columns, "replay", path, "--config", config);
    expect(tooWide(stdout, columns)).toEqual([]);
    const found = stdout.split("\n").find((line) => line.includes(long.from));
    expect(found).toBe(
      columns === 80
        ? `    11     4.000  tcp ${long.from} -> 7000 SYN`
        : `    11     4.000  tcp ${long.from} -> [${long.to}]:7000 SYN`,
    );
    const late = "step 3 of the sequence, but no knock is under way: it begins with";
    expect(stdout.replace(/\s+/g, " ")).toContain(`${late} 7000:tcp`);
  });

  test("one source, also where no door has its port", async () => {
    const { stdout } = await replay(story, "--source", "2001:db8::8");
    expect(stdout).toMatchInlineSnapshot(`
      "     7     1.000  udp [2001:db8::8]:40000 -> [2001:db8::1]:9000
                          ssh     step 3 of the sequence, but no knock is under way: it begins with 7000:tcp
           8     2.000  tcp [2001:db8::8]:40000 -> [2001:db8::1]:7000 SYN
                          ssh     Stage 1 of 3
                          backup  packet is not FIN, ignoring...
           -     8.000  time goes on
                          ssh     2001:db8::8: sequence timeout (stage 1)

      recorded from  2027-01-15 08:00:00
      packets        10
      not looked at  2
                     1 to a port of no door
                     1 neither IPv4 nor IPv6
      opened         nothing
      "
    `);
  });

  test("the addresses of the machine that recorded", async () => {
    const { stdout } = await replay([at(0, 7000)], "--address", "192.0.2.9, 2001:db8::1");
    expect(stdout).toMatchInlineSnapshot(`
      "     1     0.000  tcp 192.0.2.7:40000 -> 192.0.2.1:7000 SYN
                          ssh     packet is not for this host or the door's target, ignoring...
                          backup  packet is not FIN, ignoring...

      recorded from  2027-01-15 08:00:00
      packets        1
      not looked at  0
      opened         nothing
      "
    `);
  });

  test("--json: a line each", async () => {
    const { stdout } = await replay(story.slice(3, 6), "--json", "--source", "192.0.2.7");
    expect(stdout).toMatchInlineSnapshot(`
      "{"number":1,"time":0,"wall":"2027-01-15T08:00:00.200Z","packet":{"protocol":"tcp","source":"192.0.2.7","sourcePort":40000,"destination":"192.0.2.1","port":22,"flags":"SYN","length":40},"entries":[{"level":"debug","event":"no-door","source":"192.0.2.7","message":"192.0.2.7: no door has port 22:tcp"}]}
      {"number":2,"time":100,"wall":"2027-01-15T08:00:00.300Z","packet":{"protocol":"udp","source":"192.0.2.7","sourcePort":40000,"destination":"192.0.2.1","port":9000,"length":28},"entries":[{"level":"debug","event":"seen","door":"ssh","source":"192.0.2.7","step":3,"steps":3,"reason":"not-started","message":"192.0.2.7: ssh: step 3 of the sequence, but no knock is under way: it begins with 7000:tcp"}]}
      {"summary":{"packets":3,"unseen":{"other-port":1,"not-ip":1},"opened":{},"recordedFrom":"2027-01-15T08:00:00.200Z"}}
      "
    `);
  });

  test("--help", async () => {
    const { code, stdout } = await knockctl("replay", "--help");
    expect(code).toBe(0);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThan(100);
  });
});

describe("knocks by key", () => {
  const alice = new KnockDevice("alice/laptop");
  const wall = 1_800_000_000_000;
  const keyConfig = (users: string) =>
    file(
      "keys.conf",
      `[options]\nKnockPort = 23547\nUsers = ${users}\n[ssh]\nusers = alice\nopen = tcp/22\nopen_for = 1m\n`,
    );
  const ends = { source: address("192.0.2.7"), destination: address("192.0.2.1"), protocol: UDP };
  const packet = (time: number): Recorded => {
    return { wall, data: ipv4(ends, udp({ port: 23_547, data: alice.packet(time) })) };
  };
  const users = () => {
    const path = file("knockd.users", `[${alice.name}]\nkey = ${alice.lockText}\n`);
    chmodSync(path, 0o600);
    return path;
  };
  const absent = join(folder, "absent.users");

  test("name the device, its key and the check, and show no secret", async () => {
    const packets = [packet(wall), packet(wall + 150_000)];
    for (const words of [[], ["--users", users()]]) {
      const path = keyConfig(words.length === 0 ? users() : absent);
      const { code, stdout, stderr } = await replay(packets, "--config", path, ...words);
      expect([code, stderr]).toEqual([0, ""]);
      const flat = stdout.replace(/\s+/g, " ");
      expect(flat).toContain(`ssh OPEN SESAME: alice/laptop, for 1m [key ${alice.lock.id}]`);
      expect(flat).toContain("knock of alice/laptop refused (clock): its clock is 2m 30s ahead");
      expect(flat).toContain("opened ssh 1x");
      for (const text of [alice.lockText, alice.keyText]) {
        expect(stdout).not.toContain(text.slice(6, 26));
      }
    }
  });

  test("are not judged where the users file of the configuration cannot be read", async () => {
    const { code, stdout, stderr } = await replay([packet(wall)], "--config", keyConfig(absent));
    expect(code).toBe(0);
    expect(stderr).toContain("knockctl: warning: users file ");
    expect(stderr).toContain("; knocks by key are not judged\n");
    expect(stdout).toContain("1 to KnockPort, without a users file");
  });

  test("need the users file that is given: 1", async () => {
    const faulty = file("faulty.users", "[alice/laptop]\n");
    chmodSync(faulty, 0o600);
    const open = file("open.users", "");
    chmodSync(open, 0o644);
    for (const [path, why] of [
      [absent, "No such file"],
      [open, "other users can read it"],
      [faulty, "the device has no key"],
    ] as const) {
      const words = ["--config", keyConfig(absent), "--users", path];
      const { code, stdout, stderr } = await replay([packet(wall)], ...words);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toContain(why);
    }
  });
});

test("two runs print the same", async () => {
  expect(await replay(story)).toEqual(await replay(story));
});

test("a hostile door name cannot drive the terminal", async () => {
  const evil = file("evil.conf", "[a\u001b[2J]\nsequence = 7000\ncommand = x\ntcpflags = syn\n");
  const { stdout } = await replay([at(0, 7000)], "--config", evil);
  expect(stdout).toContain("a?[2J");
  expect(stdout).not.toContain("\u001b");
});

describe("what cannot be read: 1", () => {
  test("no such recording", async () => {
    expect(await knockctl("replay", "/nonexistent", "--config", config)).toEqual({
      code: 1,
      stdout: "",
      stderr: "knockctl: error: cannot read /nonexistent: No such file or directory\n",
    });
  });

  test("something else than a recording", async () => {
    const { code, stdout, stderr } = await knockctl("replay", config, "--config", config);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("this is neither pcap nor pcapng");
  });

  test("a configuration with problems: all of them", async () => {
    const bad = file("bad.conf", "[x]\nsequence = y\nz = 1\ncommand = true\n");
    const { code, stderr } = await replay([], "--config", bad);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^\S+bad\.conf:2:12: sequence: port/);
    expect(stderr).toContain("bad.conf:3:1: syntax error");
  });

  test("a recording that is damaged: what came before is told", async () => {
    const bytes = pcap(story.slice(0, 2));
    const path = file("damaged.pcap", bytes.fill(0xff, bytes.length - 48, bytes.length - 40));
    const { code, stdout, stderr } = await knockctl("replay", path, "--config", config);
    expect(code).toBe(1);
    expect(stdout).toMatch(/Stage 1[\s\S]*packets +1$/m);
    expect(stderr).toMatch(/^knockctl: error: /);
  });

  test("a recording that breaks off is told, but for its last packet: 0", async () => {
    const bytes = pcap(story.slice(0, 2));
    const path = file("short.pcap", bytes.subarray(0, bytes.length - 1));
    const { code, stdout } = await knockctl("replay", path, "--config", config);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^incomplete +the file ends within a packet$/m);
  });
});

test.each([[[]], [["a", "b"]], [["a", "--source", "x"]], [["a", "--address", "192.0.2.1,x"]]])(
  "a command line that makes no sense: 2 (%j)",
  async (args) => {
    expect(await knockctl("replay", ...args)).toMatchObject({ code: 2, stdout: "" });
  },
);
