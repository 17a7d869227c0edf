import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { knockctl, knockctlAt } from "../../../test/support/knockctl.ts";
import { stubRules } from "../../../test/support/rulesets.ts";
import { tooWide } from "../../../test/support/wide.ts";

beforeEach(() => stubRules("none"));

const before = `[options]
	Interface = eth0
[ssh]
	sequence = 7000,9000,8000
	tcpflags = syn
	start_command = iptables -I INPUT -s %IP% -p tcp --dport 22 -j ACCEPT
	cmd_timeout = 30
	stop_command = iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT
`;

async function migrate(...args: string[]) {
  return await knockctl("migrate", ...args);
}

function file(text: string | Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), "sesame-migrate-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "knockd.conf");
  writeFileSync(path, text, { mode: 0o640 });
  return path;
}

test("shows the difference, and changes nothing", async () => {
  const path = file(before);
  const { code, stdout } = await migrate(path);
  expect(code).toBe(0);
  expect(stdout).toContain("\n-\tcmd_timeout = 30\n");
  expect(stdout).toContain("\n+\topen     = tcp/22\n+\topen_for = 30\n");
  expect(stdout).toMatch(/\nNothing was changed. --write writes it.\n$/);
  expect(readFileSync(path, "utf8")).toBe(before);
});

test.each([80, 120])("fits a terminal of %i columns, but for the diff", async (columns) => {
  const comment = `-m comment --comment "${"a knock of an administrator ".repeat(3)}" -j`;
  const path = file(before.replaceAll("-j", comment));
  const { stdout } = await knockctlAt(columns, "migrate", path);
  const plain = (await migrate(path)).stdout;
  const ofDiff = (text: string) => text.split("\n").filter((line) => /^[-+@ ]\S*\t/.test(line));
  expect(tooWide(plain, columns)).not.toEqual([]);
  expect(ofDiff(stdout)).toEqual(ofDiff(plain));
  expect(ofDiff(stdout).length).toBeGreaterThan(6);
  expect(tooWide(stdout.replace(/^[-+@ ].*$/gm, ""), columns)).toEqual([]);
  expect(stdout.split(/\s+/)).toEqual(plain.split(/\s+/));
});

test("writes it if told, keeps the old one and the mode, and finds nothing more to do then", async () => {
  const path = file(before);
  chmodSync(path, 0o604);
  expect(await migrate(path, "--write")).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("was to take out stay: iptables -S INPUT\n"),
  });
  expect(readFileSync(path, "utf8")).toContain("\topen     = tcp/22\n");
  expect(statSync(path).mode & 0o777).toBe(0o604);
  expect(readFileSync(`${path}.before-migrate`, "utf8")).toBe(before);
  const again = await migrate(path, "--write");
  // What check warns of depends on this machine: it may have no eth0.
  expect(again.stdout).toMatch(
    /Nothing (?:needs to be changed|to migrate. knockctl check warns of \d+ problems?).\n$/,
  );
});

test("never writes over the file that it kept", async () => {
  const path = file(before);
  writeFileSync(`${path}.before-migrate`, "precious");
  const { code, stderr } = await migrate(path, "--write");
  expect(code).toBe(1);
  expect(stderr).toContain(".before-migrate must not be there yet");
  expect(readFileSync(path, "utf8")).toBe(before);
  expect(readFileSync(`${path}.before-migrate`, "utf8")).toBe("precious");
});

test("says once what is true of several doors", async () => {
  const door = before.slice(before.indexOf("[ssh]"));
  const all = [before, door.replace("ssh", "a"), door.replace("ssh", "b")].join("");
  const { stdout } = await migrate(file(all));
  expect(stdout.match(/makes it stay open longer/g)).toHaveLength(1);
  expect(stdout).toContain("; also at 2 other doors\n");
  const { differences } = JSON.parse((await migrate(file(all), "--json")).stdout);
  expect(differences).toHaveLength(3);
  expect(tooWide(stdout.slice(stdout.indexOf("A rule of your own")), 80)).toEqual([]);
});

test("writes nothing that could not be used", async () => {
  const path = file(`${before}\ttcpflags = nonsense\n`);
  const { code, stdout } = await migrate(path, "--write");
  expect(code).toBe(1);
  expect(stdout).toMatch(/Nothing was written: it could not be used.\n$/);
});

test("never says that a broken file needs no change", async () => {
  const broken = file(before.replace("--dport", "–dport").replace("--dport", "–dport"));
  const { stdout } = await migrate(broken);
  expect(stdout).toContain("a typographic dash: –dport should be --dport; --repair fixes it\n");
  expect(stdout).toMatch(/\nNothing was changed. --repair --write fixes what it can.\n$/);
  const quoted = file("[x]\nsequence = 2,1:udp\ntcpflags = syn\ncommand = 'open %IP%'\n");
  expect((await migrate(quoted)).stdout).toMatch(
    /Nothing to migrate. knockctl check warns of \d+ problems?.\n$/,
  );
});

test("names --repair where it helps a file that cannot be used, as check does", async () => {
  const broken = file(`\u200B${before}`);
  expect((await migrate(broken)).stdout).toMatch(
    /\nNothing was written: it could not be used. --repair --write fixes what it can.\n$/,
  );
  const hint = `knockctl: hint: knockctl migrate --repair --write ${broken} writes plain characters\n`;
  expect((await knockctl("check", broken)).stderr).toContain(hint);
  expect((await knockctl("check", file(before))).stderr).not.toContain("--repair");
});

test("a file in UTF-16 is refused", async () => {
  const { code, stderr } = await migrate(file(Buffer.from(`\uFEFF${before}`, "utf16le")));
  expect(code).toBe(1);
  expect(stderr).toContain("the file is UTF-16\n");
});

test("--json says the same", async () => {
  const { stdout } = await migrate(file(before), "--json");
  expect(JSON.parse(stdout)).toMatchObject({
    differences: [{ line: 3 }],
    changes: [{ line: 3 }],
    written: false,
    problems: [],
  });
});

test("what makes no sense is said", async () => {
  expect(await migrate(file(before), "--open-for", "soon")).toMatchObject({ code: 2 });
  expect(await migrate("/nowhere/knockd.conf")).toMatchObject({ code: 1 });
});

test("keeps comments in an old encoding to the byte, and repairs none of them", async () => {
  // EUC-KR, and a byte that only CP949 has.
  const comment = Buffer.from([0x23, 0xb0, 0xa1, 0xb3, 0xaa, 0x81, 0x41, 0x0a]);
  const old = Buffer.concat([comment, Buffer.from(before)]);
  const path = file(old);
  expect(await migrate(path, "--repair", "--write")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("UTF-8"),
  });
  expect(await migrate(path, "--write")).toMatchObject({ code: 0 });
  const now = readFileSync(path);
  expect(now.subarray(0, comment.length)).toEqual(comment);
  expect(now.toString("latin1")).toContain("\topen     = tcp/22\n");
  expect(readFileSync(`${path}.before-migrate`)).toEqual(old);
});
