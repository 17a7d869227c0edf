import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { knockctl } from "../../../test/support/knockctl.ts";

let folder: string;
let page: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "invite-"));
  page = join(folder, "knock.html");
  writeFileSync(
    join(folder, "knockd.conf"),
    `[web]
sequence = 7003,9140,8455
tcpflags = syn
open = tcp/443
[ssh]
sequence = 7003,9140,6000
tcpflags = syn
open = tcp/22
[vpn]
sequence = 7003:udp
command = /bin/true
[office]
sequence = 7013,9240,8555
tcpflags = syn
open = tcp/22, tcp/80
to = 10.0.0.5
`,
  );
});
afterEach(() => rmSync(folder, { recursive: true }));

async function invite(...args: string[]) {
  const config = join(folder, "knockd.conf");
  return await knockctl("invite", "--config", config, "--output", page, ...args);
}

const hosted = ["--host", "server.example.org", "--url", "https://www.example.org/k.html#old"];
const link =
  "https://www.example.org/k.html#knock=7003,9140,8455&host=server.example.org&name=web&service=tcp/443";

/** The lines that are no part of a QR code. */
const words = (text: string) => text.replace(/^[█▀▄ ]+\n/gm, "").replaceAll(folder, "/there");

test("a page on a web server", async () => {
  const { code, stdout, stderr } = await invite("web", ...hosted);
  expect([code, stderr]).toEqual([0, ""]);
  expect(words(stdout)).toMatchInlineSnapshot(`
    "Put /there/knock.html where the link leads. The page holds no secret.
    After the knock the page tests whether tcp/443 answers.

    Scan:


    https://www.example.org/k.html#knock=7003,9140,8455&host=server.example.org&name=web&service=tcp/443

    The QR code and the link hold the sequence: treat them as a password. Browsers keep them in their history.
    "
  `);
  expect(stdout.match(/^[█▀▄ ]+$/gm)?.length).toBeGreaterThan(20);
  expect(readFileSync(page, "utf8")).toMatch(/^<!doctype html>/);
  expect(readFileSync(page, "utf8")).not.toMatch(/9140,8455|example\.org\/k/);
});

test("a page in a file", async () => {
  const { code, stdout } = await invite("web", "--host", "[2001:DB8::1]");
  expect(code).toBe(0);
  expect(words(stdout)).toMatchInlineSnapshot(`
    "Send /there/knock.html to the phone, or put it on a web server and use --url. The page holds no secret.
    After the knock the page tests whether tcp/443 answers.

    Scan, copy the text, and paste it in the page:


    file:///there/knock.html#knock=7003,9140,8455&host=2001:db8::1&name=web&service=tcp/443

    The QR code and the link hold the sequence: treat them as a password. Browsers keep them in their history.
    "
  `);
});

test("--json", async () => {
  const { stdout } = await invite("web", ...hosted, "--json");
  expect(JSON.parse(stdout)).toEqual({
    version: 2,
    file: page,
    link,
    qr: link,
    name: "web",
    host: "server.example.org",
    ports: [7003, 9140, 8455],
    service: 443,
    warnings: [],
  });
  const there = JSON.parse((await invite("web", "--host", "h", "--json")).stdout);
  expect(there.qr).toBe("#knock=7003,9140,8455&host=h&name=web&service=tcp/443");
  expect(there.link).toBe(`${pathToFileURL(page).href}${there.qr}`);
});

test("a port that browsers refuse: a warning, and the page all the same", async () => {
  const { code, stdout, stderr } = await invite("ssh", ...hosted);
  expect([code, stderr]).toEqual([
    0,
    "knockctl: warning: browsers refuse port 6000: the page will not work; choose other ports\n",
  ]);
  expect(stdout).toContain("Browsers refuse tcp/22: the page opens the door, but cannot test it");
  expect(statSync(page).isFile()).toBe(true);
});

test("a door for hosts behind the server: the page does not test a port of the server", async () => {
  const { code, stdout } = await invite("office", "--host", "gateway.example.org");
  expect(code).toBe(0);
  expect(stdout).toContain(
    "The page opens the door, but cannot test tcp/22 to 10.0.0.5, tcp/80 to 10.0.0.5.\n",
  );
  expect(stdout).toContain("#knock=7013,9240,8555&host=gateway.example.org&name=office\n");
});

test("UDP steps: 1, and no page", async () => {
  expect(await invite("vpn", ...hosted)).toMatchObject({
    code: 1,
    stdout: "",
    stderr: `knockctl: error: no browser can knock at "vpn": it has UDP steps (7003)\nknockctl: hint: browsers cannot send plain datagrams\n`,
  });
  expect(() => statSync(page)).toThrow("ENOENT");
});

test("its own page is written again, another file only by force", async () => {
  expect((await invite("web", ...hosted)).code).toBe(0);
  expect((await invite("web", ...hosted)).code).toBe(0);
  writeFileSync(page, "mine");
  const { code, stderr } = await invite("web", ...hosted);
  expect(code).toBe(1);
  expect(stderr).toContain("knock.html exists, and is another file\nknockctl: hint: --force");
  expect(readFileSync(page, "utf8")).toBe("mine");
  expect((await invite("web", ...hosted, "--force")).code).toBe(0);
  expect(readFileSync(page, "utf8")).toMatch(/^<!doctype html>/);
});

test("a link that somebody laid there is not followed", async () => {
  const target = join(folder, "elsewhere");
  symlinkSync(target, page);
  const { code, stderr } = await invite("web", ...hosted);
  expect([code, existsSync(target)]).toEqual([1, false]);
  expect(stderr).toContain("knock.html exists, and is another file");
});

test("a folder that is not there: 1", async () => {
  const { code, stderr } = await invite("web", ...hosted, "--output", "/nowhere/knock.html");
  expect([code, stderr]).toEqual([
    1,
    "knockctl: error: cannot write /nowhere/knock.html: No such file or directory\n",
  ]);
});

test.each([
  [["web"], 2, "--host NAME is missing"],
  [["--host", "h"], 2, "DOOR is missing"],
  [["web", "--host", "h/x"], 2, '"h/x" is not a host'],
  [["web", "--host", "h", "--url", "knock.html"], 2, '"knock.html" is not the address of a page'],
  [["web", "--host", "h", "--url", "javascript:1"], 2, "is not the address of a page"],
  [["web", "--host", "h", "--service", "udp/53"], 2, '"udp/53" is not a service to look at'],
  [["wed", "--host", "h"], 1, 'there is no door "wed"\nknockctl: hint: did you mean "web"?'],
  [["mail", "--host", "h"], 1, "knockctl: hint: there is web, ssh, vpn"],
])("%j: %i, %s", async (args, code, message) => {
  const result = await invite(...args);
  expect(result).toMatchObject({ code, stdout: "" });
  expect(result.stderr).toContain(message);
});
