// The console in a real browser, against the real daemon.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { parseAddress } from "../../src/base/address.ts";
import { systemClock } from "../../src/base/clock.ts";
import { openClient } from "../../src/control/client.ts";
import { stateFiles } from "../../src/system/state-files.ts";
import { startServer } from "../support/control-server.ts";
import { knownFleet } from "../support/known-fleet.ts";
import {
  browserOn,
  ConsoleRun,
  desktop,
  findBarriers,
  look,
  patient,
  phone,
  scriptTime,
} from "./console-page.ts";
import type { LiveHost } from "./host.ts";
import { Folder, knock, knockArgv, knockctl } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";
import { Server } from "./server.ts";

/** With this, docs/console.md gets the screenshots of this run. */
const isWriting = process.env["SESAME_WRITE_DOCS"] === "1";

const screenshots = join(
  import.meta.dirname,
  isWriting ? "../../docs/console" : "../../node_modules/.cache/screenshots/console",
);

/** A name that would run if it were taken for HTML, and turns what follows. */
const hostile = `<img src=x onerror="document.title='run'">\u202e`;
const hostileHost = `<img src=x onerror="document.title='run'">`;

/** Answers each question with this name (RFC 1035 §4.1): the daemon asks for the names of sources. */
const nameServer = `
  const name = Buffer.from(process.argv[1]);
  const socket = require("node:dgram").createSocket("udp4");
  socket.on("message", (question, { port, address }) => {
    let end = 12;
    while (question[end] !== 0) end += question[end] + 1;
    const asked = question.subarray(12, end + 5);
    const head = Buffer.concat([question.subarray(0, 2), Buffer.from("81800001000100000000", "hex")]);
    const record = Buffer.from("c00c000c00010000003c0000", "hex");
    record.writeUInt16BE(name.length + 2, 10);
    socket.send(Buffer.concat([head, asked, record, Buffer.from([name.length]), name, Buffer.from([0])]), port, address);
    console.log("asked");
  });
  socket.bind(53, "127.0.0.1", () => console.log("listening"));
`;

const doors = `
[ssh]
users = @all
open = tcp/22
open_for = 8h
protect = yes
[web]
sequence = 7003,9140,8455
users = @staff
tcpflags = syn
open = tcp/9401, tcp/9402
open_for = 30m
protect = yes
[backup]
sequence = 7103,9240,8555
tcpflags = syn
start_command = true
cmd_timeout = 1h
stop_command = true
[wake-up]
sequence = 7203,9340,8655
tcpflags = syn
command = true
[broken]
sequence = 7303,9440,8755
tcpflags = syn
command = echo no such network >&2; exit 3
`;

/** A row of a list on the page. */
const row = (tab: Page, list: string, text: string) =>
  tab.locator(`${list} li`).filter({ hasText: text });
const press = (tab: Page, name: string) => tab.getByRole("button", { name, exact: true }).click();
const message = (tab: Page) => tab.locator("#message").textContent();

describe.skipIf(needs("chromium", "nft"))("the console", () => {
  let network: LiveNetwork;
  let server: Server;
  let browser: Browser;
  let address: string;
  let run: ConsoleRun;
  let names: Process;
  const folder = new Folder();

  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    network = await LiveNetwork.open(["server", "client", "scanner"]);
    const host = network.host("server");
    const options = `Users = ${folder.at("knockd.users")}\nKnockPort = 23547`;
    server = new Server(
      host,
      `${doors}[${hostile}]\nsequence = 7403,9540,8855\ncommand = true\n`,
      options,
    );
    folder.writePrivately("knockd.users", "");
    names = host.start([process.execPath, "-e", nameServer, hostileHost]);
    await names.waitFor(/listening/);
    const resolv = folder.write("resolv.conf", "nameserver 127.0.0.1\n");
    server.prefix = ["sh", "-ec", 'mount --bind "$0" /etc/resolv.conf; exec "$@" -l', resolv];
    await server.start();
    server.prefix = [];
    browser = await browserOn(host, ["127.0.0.1 evil.example"]);
    run = new ConsoleRun(server);
    address = await run.address();
  });
  afterAll(async () => {
    await browser?.close();
    await network?.close();
  });

  const audit = (method: string) =>
    server.daemon?.output.match(new RegExp(`^control: ${method}.*$`, "gm")) ?? [];
  /** Another page of the same console. */
  async function again(options = {}): Promise<Page> {
    const next = new ConsoleRun(server);
    return await look(browser, await next.address(), options);
  }

  /** Imports the line of a device on a host, and knocks there. */
  async function knockByKey(client: LiveHost, link: string): Promise<void> {
    const home = new Folder();
    const env = { HOME: home.path, XDG_CONFIG_HOME: home.path };
    await client.run([...knockArgv, "--import"], { env, input: `${link}\n` });
    // It waits for a port behind the door, where nothing may listen.
    await client.run([...knockArgv, "home"], { env, ok: "any" });
  }

  async function enrol(device: string, door: string, more = ""): Promise<string> {
    const output = folder.at(device.replace("/", "-"));
    const { code, stderr } = await server.knockctl(
      `user add ${device} --door ${door} --host ${server.host.address} --yes --output ${output} ` +
        `--config ${server.config}${more}`,
    );
    expect([code, stderr]).toEqual([0, ""]);
    return readFileSync(output, "utf8").trim();
  }

  /** Writes a day of which the daemon knows when it starts: a scan at night, some knocks in this hour. */
  function writeTraffic(): void {
    const now = Math.floor(Date.now() / 60_000);
    const minutes = Array.from({ length: 1430 }, (_, i) => {
      const ago = 1430 - i;
      const isScan = ago > 480 && ago < 540;
      const packets = isScan ? 900 + ((i * 37) % 300) : (i * 31) % 12;
      const isKnock = ago < 700 && i % 45 === 0;
      const isLate = ago < 60 && i % 7 === 0;
      const openings = isKnock || isLate ? 1 : 0;
      return [
        now - ago,
        packets + 3 * openings,
        3 * openings,
        openings,
        isScan ? 40 : i % 90 === 0 ? 2 : 0,
      ];
    });
    const { traffic } = stateFiles(server.folder.at("state"), server.config);
    writeFileSync(traffic, JSON.stringify({ version: 1, minutes }));
  }

  let tab: Page;
  test("opens by its address, which works once; the token leaves the address", async () => {
    tab = await look(browser, address);
    expect(tab.url()).not.toContain("#");
    expect(await tab.locator("#state").textContent()).toBe("Live");
    const names = await tab.locator("#doors > li strong").allTextContents();
    expect(names.slice(0, 5)).toEqual(["ssh", "web", "backup", "wake-up", "broken"]);
    // A reload keeps the session of the tab.
    await tab.reload();
    await expect.poll(() => tab.locator("#doors > li").count(), patient).toBe(6);

    const other = await (await browser.newContext({ locale: "en-GB" })).newPage();
    await other.goto(address);
    await expect
      .poll(() => other.locator("#entrance").textContent(), patient)
      .toMatch(/^This address was used/);
    await other.goto(new URL("/", address).href);
    await expect
      .poll(() => other.locator("#entrance").textContent(), patient)
      .toMatch(/^This page needs the address/);
    expect(await other.locator("#console").isVisible()).toBe(false);
    await other.context().close();
  });

  test("opens, extends and closes a door, and names what ends; the log names the console", async () => {
    const client = network.host("client");
    const listener = await server.host.listen(9401);
    expect(await client.canConnect(server.host.address, 9401)).toBe("silent");
    await press(tab, "Open: web");
    await tab.getByLabel("Address to open it for").fill("nowhere");
    await press(tab, "Open");
    await expect
      .poll(() => tab.getByRole("alert").allTextContents(), patient)
      .toContainEqual(expect.stringContaining("expected an IPv4 or IPv6 address"));
    await tab.getByLabel("Address to open it for").fill(client.address);
    await tab.getByLabel("For how long").fill("10m");
    await press(tab, "Open");
    const lease = row(tab, "#leases", client.address);
    await expect
      .poll(() => lease.locator(".left").textContent(), patient)
      .toMatch(/^(?:10m|9m \d+s) left$/);
    await expect.poll(() => message(tab), patient).toBe(`web is open for ${client.address}.`);
    expect(await client.canConnect(server.host.address, 9401)).toBe("open");
    await expect
      .poll(() => row(tab, "#doors", "web").locator(".state").textContent(), patient)
      .toBe("open for 1");

    const bar = () => lease.locator(".fill").evaluate((node) => node.getBoundingClientRect().width);
    const wide = await bar();
    await expect.poll(bar, patient).toBeLessThan(wide);
    await lease.getByRole("button", { name: /^Extend/ }).click();
    await expect.poll(() => lease.locator(".left").textContent(), patient).toMatch(/^39m/);

    await lease.getByRole("button", { name: /^Close/ }).click();
    const dialog = tab.getByRole("dialog");
    expect(await dialog.getByRole("heading").textContent()).toBe(
      `Close web for ${client.address}?`,
    );
    expect(await dialog.textContent()).toContain("administrator, 39m");
    expect(await dialog.textContent()).toContain(
      "New connections to tcp/9401, tcp/9402 need a knock then.",
    );
    await dialog.getByLabel("End its connections, too").check();
    await dialog.getByRole("button", { name: "Close", exact: true }).click();
    await expect.poll(() => tab.locator("#leases li").count(), patient).toBe(0);
    await expect
      .poll(() => message(tab), patient)
      .toMatch(/^web is closed for .*; connections ended: \d+\.$/);
    expect(await client.canConnect(server.host.address, 9401)).toBe("silent");
    await listener.stop();
    for (const method of ["open", "extend", "close"]) {
      expect(audit(method)).toEqual([
        expect.stringMatching(/\(user 0, process \d+, by console\)$/),
      ]);
    }
  });

  test("shows knocks under way, ignored sources, problems, traffic and the log", async () => {
    const client = network.host("client");
    const scanner = network.host("scanner");
    await knock(client, server.host.address, 7003);
    await expect.poll(() => tab.locator("#knocks").textContent(), patient).toMatch(/at step 11/);
    await knock(client, server.host.address, 9140, 8455);
    await expect.poll(() => row(tab, "#leases", client.address).count(), patient).toBe(1);
    expect(await row(tab, "#leases", client.address).textContent()).toContain("sequence");
    await expect
      .poll(() => tab.locator("#log").textContent(), patient)
      .toContain("web: OPEN SESAME");

    const ports = Array.from({ length: 60 }, (_, i) => 8400 + 2 * i);
    await knock(scanner, server.host.address, ...ports);
    await expect.poll(() => row(tab, "#ignored", scanner.address).count(), patient).toBe(1);
    await tab.getByRole("button", { name: `Forgive: ${scanner.address}` }).click();
    await expect.poll(() => tab.locator("#ignored li").count(), patient).toBe(0);
    expect(audit("forgive")).toEqual([expect.stringMatching(/by console\)$/)]);

    await knock(client, server.host.address, 7303, 9440, 8755);
    await expect
      .poll(() => tab.locator("#problems").textContent(), patient)
      .toContain("no such network");
    const label = () => tab.getByRole("img", { name: /^Packets/ }).getAttribute("aria-label");
    await tab.reload();
    await expect
      .poll(label, patient)
      .toMatch(/^Packets, Last hour: \d{2,} in all, at most \d+ in a minute\.$/);
    await press(tab, "Last day");
    expect(await label()).toMatch(
      /^Packets, Last day: \d{2,} in all, at most \d+ in 15 minutes\.$/,
    );
    const openings = tab.getByRole("img", { name: /^Openings/ });
    expect(await openings.getAttribute("aria-label")).not.toContain(": 0 in all");
  });

  test("nothing in names of doors or of hosts runs", async () => {
    await knock(network.host("client"), server.host.address, 7403);
    await expect
      .poll(() => tab.locator("#log").textContent(), patient)
      .toContain('<img src=x onerror="');
    expect(await row(tab, "#doors", "onerror").locator("strong").textContent()).toBe(
      `${hostile.slice(0, -1)}?`,
    );
    expect(await tab.locator("#doors img, #log img").count()).toBe(0);
    expect(names.output).toContain("asked");
    expect(await tab.title()).not.toBe("run");
    const client = network.host("client");
    await tab.getByRole("button", { name: /^Open: <img/ }).click();
    await tab.getByLabel("Address to open it for").fill(client.address);
    await press(tab, "Open");
    await expect.poll(() => message(tab), patient).toContain("<img src=x");
    expect(await tab.title()).not.toBe("run");
  });

  test("reloads, and shows what has changed or is wrong", async () => {
    const options = `Users = ${folder.at("knockd.users")}\nKnockPort = 23547`;
    const more = "[attic]\nsequence = 7503,9640,8955\ncommand = true\n";
    server.configure(`${doors}${more}`, options);
    await press(tab, "Reload");
    const dialog = tab.getByRole("dialog");
    await dialog.getByRole("button", { name: "Reload" }).click();
    await expect
      .poll(() => dialog.getByRole("heading").textContent(), patient)
      .toContain("is in use");
    expect(await dialog.locator("dl").textContent()).toMatch(/^Addedattic.*Removed<img/);
    await press(tab, "Done");
    await expect.poll(() => row(tab, "#doors", "attic").count(), patient).toBe(1);

    server.configure(`${doors}${more}opne = tcp/1\n`, options);
    await press(tab, "Reload");
    await dialog.getByRole("button", { name: "Reload" }).click();
    await expect
      .poll(() => dialog.getByRole("heading").textContent(), patient)
      .toBe("The old configuration stays");
    expect(await dialog.locator("pre").allTextContents()).toContainEqual(
      expect.stringContaining("opne"),
    );
    await press(tab, "Done");
    server.configure(`${doors}${more}`, options);
    await server.knockctl("reload");
    expect(audit("reload").filter((line) => line.includes("by console"))).toHaveLength(2);
  });

  test("gives a door another sequence, and shows it once", async () => {
    await press(tab, "New sequence: web");
    const dialog = tab.getByRole("dialog");
    await dialog.getByRole("button", { name: "New sequence" }).click();
    await expect
      .poll(() => dialog.getByRole("heading").textContent(), patient)
      .toBe("web has another sequence");
    const line = (await dialog.locator("pre").first().textContent()) ?? "";
    expect(line).toMatch(/^knock -d 200 \S+( \d+){4}$/);
    await press(tab, "Done");
    await expect.poll(() => tab.locator("body").textContent(), patient).not.toContain(line);
    await expect.poll(() => row(tab, "#doors", "web-old").count(), patient).toBe(1);
    const ports = line.split(" ").slice(4).map(Number);
    const client = network.host("scanner");
    await knock(client, server.host.address, ...ports);
    await expect.poll(() => row(tab, "#leases", client.address).count(), patient).toBe(1);
  });

  test("adds a device for the program knock, and removes it", async () => {
    const client = network.host("client");
    await press(tab, "Add a device");
    const dialog = tab.getByRole("dialog");
    await dialog.getByLabel("Person and device").fill("alice/laptop");
    await dialog.getByLabel("Door", { exact: true }).selectOption("backup");
    await dialog.getByLabel("This server, as the device reaches it").fill(server.host.address);
    await press(tab, "Next");
    await expect
      .poll(() => dialog.locator("pre").textContent(), patient)
      .toContain("+users = alice/laptop");
    await press(tab, "Add");
    await expect.poll(() => dialog.locator("svg.qr").count(), patient).toBe(1);
    const link = (await dialog.locator("pre.secret").textContent()) ?? "";
    await press(tab, "Done");
    await expect.poll(() => tab.content(), patient).not.toContain(link);

    await knockByKey(client, link);
    const device = row(tab, "#devices", "alice/laptop");
    await expect.poll(() => device.textContent(), patient).toContain(`ago from ${client.address}`);
    await expect.poll(() => row(tab, "#leases", "alice/laptop").count(), patient).toBe(1);

    await device.getByRole("button", { name: /^Remove/ }).click();
    await expect
      .poll(() => dialog.textContent(), patient)
      .toContain(`This ends: backup (${client.address}).`);
    await dialog.getByRole("button", { name: "Remove" }).click();
    await expect.poll(() => tab.locator("#devices li").count(), patient).toBe(0);
    await expect.poll(() => row(tab, "#leases", "alice/laptop").count(), patient).toBe(0);
    expect(server.daemon?.output).toMatch(
      /^control: reload users=true .*by console-user-remove\)$/m,
    );
  });

  test("a question that is cancelled while it is worked on does not come back", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await tab.route("**/actions", async (route) => {
      await held;
      await route.continue();
    });
    await press(tab, "Add a device");
    const dialog = tab.getByRole("dialog");
    await dialog.getByLabel("Person and device").fill("carol/laptop");
    await dialog.getByLabel("This server, as the device reaches it").fill(server.host.address);
    await press(tab, "Next");
    await press(tab, "Cancel");
    const answered = tab.waitForResponse("**/actions");
    release();
    const planned = await answered;
    expect([planned.status(), await planned.finished()]).toEqual([200, null]);
    await tab.evaluate("new Promise((resolve) => setTimeout(resolve, 100))");
    expect(await dialog.count()).toBe(0);
    await tab.unroute("**/actions");
  });

  test("has no serious barrier for a keyboard or a screen reader", async () => {
    expect(await findBarriers(tab)).toEqual([]);
    await tab.getByRole("button", { name: "Add a device" }).focus();
    await tab.keyboard.press("Enter");
    expect(await tab.evaluate("document.activeElement.name")).toBe("name");
    expect(await findBarriers(tab)).toEqual([]);
    await tab.keyboard.press("Escape");
    expect(await tab.evaluate("document.activeElement.id")).toBe("add-device");
    await tab.locator(".skip").focus();
    await tab.keyboard.press("Enter");
    expect(await tab.evaluate("document.activeElement.id")).toBe("lease-part");
    expect(tab.url()).not.toContain("#");
    expect(await tab.locator("#state").textContent()).toBe("Live");
    const dark = await again({ ...phone, colorScheme: "dark", locale: "ko-KR" });
    expect(await findBarriers(dark)).toEqual([]);
    await dark.context().close();
  });

  test("no other origin and no other name gets anything", async () => {
    const { port } = new URL(address);
    const site = `http://evil.example:${port}`;
    const context = await browser.newContext();
    const other = await context.newPage();
    // A name of its own that leads to this console (DNS rebinding).
    expect((await other.goto(`${site}/`))?.status()).toBe(403);
    const evil = folder.write("evil.html", "<!doctype html><title>evil</title>");
    await other.goto(`file://${evil}`);
    const tries = `Promise.all([["/events", "GET"], ["/actions", "POST"], ["/session", "POST"]].map(
      ([path, method]) => fetch("http://127.0.0.1:${port}" + path, { method }).then(() => "read", () => "refused")))`;
    expect(await other.evaluate(tries)).toEqual(["refused", "refused", "refused"]);
    // What needs no preflight arrives, and is refused all the same.
    const before = audit("close").length;
    await other.evaluate(`fetch("http://127.0.0.1:${port}/actions", { method: "POST", mode: "no-cors",
      body: JSON.stringify({ id: 1, method: "close", all: true }) }).catch(() => 0)`);
    expect(audit("close")).toHaveLength(before);
    const framed = `new Promise((resolve) => { const frame = document.createElement("iframe");
      frame.onload = () => resolve(frame.contentDocument === null); frame.src = "http://127.0.0.1:${port}/";
      document.body.append(frame); })`;
    expect(await other.evaluate(framed)).toBe(true);
    await context.close();
  });

  test("with --read-only shows all and offers nothing", async () => {
    const reader = new ConsoleRun(server, "--read-only");
    const only = await look(browser, await reader.address());
    expect(await only.getByRole("button").allTextContents()).toEqual(["Last hour", "Last day"]);
    expect(await only.locator("#read-only").isVisible()).toBe(true);
    const status = `fetch("/actions", { method: "POST", body: "{}", headers: { "content-type": "application/json",
      authorization: "Bearer " + JSON.parse(sessionStorage.console).bearer } }).then(({ status }) => status)`;
    expect(await only.evaluate(status)).toBe(403);
    await only.context().close();
    expect((await reader.program.stop()).code).toBe(0);
  });

  test("a daemon that dies while one looks is said to, and is found when it is back", async () => {
    const before = await tab.locator("#doors > li").count();
    await server.kill();
    await expect
      .poll(() => tab.locator("#lost").textContent(), patient)
      .toMatch(/knockd.*What you see is of/);
    expect(await tab.locator("#doors > li").count()).toBe(before);
    await press(tab, "Open: backup");
    await tab.getByLabel("Address to open it for").fill("192.0.2.9");
    await press(tab, "Open");
    await expect
      .poll(() => tab.getByRole("dialog").textContent(), patient)
      .toContain("knockd is not running");
    await press(tab, "Cancel");
    writeTraffic();
    await server.start();
    await expect.poll(() => tab.locator("#lost").textContent(), patient).toBe("");
    await press(tab, "Last day");
    const packets = tab.getByRole("img", { name: /^Packets/ });
    expect(await packets.getAttribute("aria-label")).toMatch(
      /: 6\d,\d{3} in all, at most 1\d,\d{3} in/,
    );
    await press(tab, "Open: backup");
    await tab.getByLabel("Address to open it for").fill("192.0.2.9");
    await press(tab, "Open");
    await expect.poll(() => row(tab, "#leases", "192.0.2.9").count(), patient).toBe(1);
  });

  test("shows a fleet: its store, its gateways, and where a lease is open", async () => {
    const daemon = await startServer();
    daemon.handlers.knownFleet = knownFleet;
    const status = { ...daemon.handlers.status(), fleet: knownFleet };
    vi.spyOn(daemon.handlers, "status").mockReturnValue(status);
    const socket = `--socket ${daemon.path}`;
    const program = server.host.start([...knockctl, "console", ...socket.split(" ")]);
    await program.waitFor(/Ctrl-C ends the console/);
    const page = await look(browser, /http:\S+/.exec(program.stdout)?.[0] ?? "");
    const fleet = page.locator("#fleet");
    await expect.poll(() => fleet.locator("li").count(), patient).toBe(3);
    expect(await fleet.textContent()).toContain("office: store redis://10.0.0.5:6379 up");
    expect(await row(page, "#fleet", "gw-2").textContent()).toContain("differs: users file");
    expect(await row(page, "#fleet", "gw-4").locator(".state").textContent()).toMatch(
      /^away for 3m/,
    );
    expect(await row(page, "#leases", "192.0.2.7").textContent()).toContain("open at gw-1, gw-2");
    expect(await findBarriers(page)).toEqual([]);
    await page.context().close();
    await program.stop();
  });

  test("looks: phone and desktop, light and dark, both languages", {
    timeout: 120_000,
  }, async () => {
    const [client, scanner] = [network.host("client"), network.host("scanner")];
    await knockByKey(client, await enrol("alice/laptop", "ssh"));
    await enrol("bob/phone", "backup", " --expires 2031-12-31");
    await server.knockctl("open web 198.51.100.4 for 20m");
    await knock(client, server.host.address, 7303, 9440, 8755);
    await knock(
      scanner,
      server.host.address,
      ...Array.from({ length: 60 }, (_, i) => 8400 + 2 * i),
    );
    const session = JSON.stringify(await tab.evaluate("sessionStorage.console"));
    for (const [size, options] of Object.entries({ phone, desktop })) {
      for (const colorScheme of ["light", "dark"] as const) {
        for (const [language, locale] of Object.entries({ en: "en-GB", ko: "ko-KR" })) {
          // In docs/console.md they are small.
          const scale = isWriting ? { deviceScaleFactor: size === "phone" ? 0.75 : 0.6 } : {};
          const context = await browser.newContext({
            ...{ ...options, ...scale, colorScheme, locale, reducedMotion: "reduce" },
          });
          await context.addInitScript(`sessionStorage.console ??= ${session}`);
          const page = await context.newPage();
          await page.goto(new URL("/", address).href);
          await expect.poll(() => page.locator("#charts figure").count(), patient).toBe(4);
          await page.locator("#day").click();
          await knock(client, server.host.address, 7003);
          await expect.poll(() => page.locator("#log li").count(), patient).toBeGreaterThan(0);
          await expect.poll(() => page.locator("#knocks strong").count(), patient).toBe(1);
          await page.evaluate("scrollTo(0, 0)");
          const name = `${size}-${colorScheme}-${language}.png`;
          await page.screenshot({ path: join(screenshots, name), fullPage: !isWriting });
          expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(
            true,
          );
          await context.close();
        }
      }
    }
  });

  test("ends with Ctrl-C, and the page says so", async () => {
    run.program.signal("SIGINT");
    expect((await run.program.ended).code).toBe(0);
    await expect
      .poll(() => tab.locator("#state").textContent(), patient)
      .toMatch(/^The console does not answer/);
  });

  test("5,000 leases: an update takes less than 100 ms of script", {
    timeout: 180_000,
  }, async () => {
    const daemon = await openClient(server.socket, systemClock);
    onTestFinished(() => daemon.close());
    const openFor = async (text: string) => {
      const source = parseAddress(text) ?? expect.unreachable();
      await daemon.ask("open", { door: "web", address: source });
    };
    for (let i = 0; i < 5000; i += 8) {
      const batch = Array.from({ length: Math.min(8, 5000 - i) }, (_, j) => i + j);
      await Promise.all(batch.map((n) => openFor(`198.18.${n >> 8}.${n & 255}`)));
    }
    const page = await again();
    const count = () => page.locator("#lease-count").textContent().then(Number);
    await expect.poll(count, { timeout: 60_000 }).toBeGreaterThanOrEqual(5000);
    expect(await page.locator("#leases li").count()).toBe(100);
    const times: number[] = [];
    for (let i = 0; i < 3; i++) {
      const before = await count();
      times.push(
        await scriptTime(page, async () => {
          await openFor(`198.19.0.${i}`);
          await expect.poll(count, { timeout: 60_000 }).toBe(before + 1);
        }),
      );
    }
    const [, median = Number.NaN] = times.toSorted((a, b) => a - b);
    console.log(
      `script time of an update with 5,000 leases: ${times.map(Math.round).join(", ")} ms`,
    );
    expect(median).toBeLessThan(100);
    await page.getByRole("button", { name: /^Show more/ }).click();
    expect(await page.locator("#leases li").count()).toBe(200);
    await page.getByLabel("Search doors").fill("198.18.3.77");
    await expect.poll(() => page.locator("#leases li").count(), patient).toBe(1);
  });
});
