import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { isBadPort } from "../../src/invitation/bad-ports.ts";
import { columns, compareRows } from "../clients/table.ts";
import { startBrowser } from "./browser.ts";
import type { LiveHost } from "./host.ts";
import { Folder, knockctl } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import { Server } from "./server.ts";

/** Where a page came from. */
type PageOrigin = "file" | "http" | "https";

interface Case {
  readonly origin: PageOrigin;
  /** What the server does with packets to the ports of the sequence. */
  readonly knocks: "dropped" | "refused";
  readonly to: "IPv4" | "IPv6" | "a name with both";
  readonly device: "desktop" | "phone";
  readonly language: "en" | "ko";
  /** What the door opens. */
  readonly service: "web" | "other" | "none";
}

const cases: readonly Case[] = [
  {
    origin: "file",
    knocks: "dropped",
    to: "IPv4",
    device: "desktop",
    language: "en",
    service: "web",
  },
  {
    origin: "file",
    knocks: "refused",
    to: "IPv4",
    device: "phone",
    language: "ko",
    service: "web",
  },
  {
    origin: "file",
    knocks: "dropped",
    to: "IPv6",
    device: "phone",
    language: "en",
    service: "other",
  },
  {
    origin: "file",
    knocks: "refused",
    to: "IPv6",
    device: "desktop",
    language: "en",
    service: "web",
  },
  {
    origin: "http",
    knocks: "dropped",
    to: "IPv4",
    device: "phone",
    language: "ko",
    service: "other",
  },
  {
    origin: "http",
    knocks: "refused",
    to: "IPv6",
    device: "desktop",
    language: "ko",
    service: "web",
  },
  {
    origin: "http",
    knocks: "dropped",
    to: "a name with both",
    device: "desktop",
    language: "en",
    service: "web",
  },
  {
    origin: "https",
    knocks: "dropped",
    to: "IPv4",
    device: "desktop",
    language: "en",
    service: "web",
  },
  {
    origin: "https",
    knocks: "refused",
    to: "a name with both",
    device: "phone",
    language: "en",
    service: "other",
  },
  {
    origin: "https",
    knocks: "dropped",
    to: "IPv6",
    device: "phone",
    language: "ko",
    service: "none",
  },
];

const sequences = {
  dropped: (i: number) => [7003 + i, 7540 + i, 7255 + i],
  refused: (i: number) => [8003 + i, 8540 + i, 8255 + i],
};
const webPort = (i: number) => 9100 + i;
const otherPort = (i: number) => 9200 + i;
const name = "server.test";

/** Hosts of the tests that are no case of the table. */
const extras = [
  "keyboard",
  "again-file",
  "again-https",
  "hurry",
  "lan",
  "paste",
  "slow",
  "ssh",
  "looker",
];

const doors = cases.map(({ knocks, service }, i) => {
  const port = service === "web" ? webPort(i) : otherPort(i);
  const opens = `open = tcp/${port}\nprotect = yes`;
  const commands = "command = /bin/true\ncommand_6 = /bin/true";
  return `[door${i}]
sequence = ${sequences[knocks](i).join()}
tcpflags = syn
${service === "none" ? commands : opens}`;
});
doors.push(
  "[ssh]\nsequence = 7703,7760,7750\ntcpflags = syn\nopen = tcp/22\nprotect = yes",
  "[again]\nsequence = 7803,7850,7803,7803\ntcpflags = syn\nopen = tcp/9301\nprotect = yes",
  "[hurry]\nsequence = 7823,7870,7813\nseq_timeout = 2\ntcpflags = syn\nopen = tcp/9302\nprotect = yes",
  "[lan]\nsequence = 7903,7960,7950\ntcpflags = syn\nopen = tcp/9303\nprotect = yes",
  "[typed]\nsequence = 7913,7970,7955\ntcpflags = syn\nopen = tcp/9304\nprotect = yes",
  "[slow]\nsequence = 7923,7980,7957\ntcpflags = syn\nopen = tcp/9305\nprotect = yes",
);

const listeners = `
  const [webs, others] = process.argv.slice(1).map((text) => text.split(",").map(Number));
  const web = (_, response) => response.end("hello");
  const other = (socket) => socket.on("error", () => {}).end("SSH-2.0-x\\r\\n");
  for (const port of webs) require("node:http").createServer(web).listen(port, "::");
  for (const port of others) require("node:net").createServer(other).listen(port, "::");
  console.log("listening");
`;

/** A web server with one page, which tells what it was asked for. */
const site = `
  const { readFileSync } = require("node:fs");
  const [page, key, cert] = process.argv.slice(1);
  const answer = (request, response) => {
    console.log(request.url + " " + JSON.stringify(request.headers));
    response.setHeader("content-type", "text/html").end(readFileSync(page));
  };
  const identity = { key: readFileSync(key), cert: readFileSync(cert) };
  require("node:http").createServer(answer).listen(8000, "::");
  require("node:https").createServer(identity, answer).listen(8443, "::");
  console.log("listening");
`;

/** A name server that knows one IPv4 address for all names, and takes its time. */
const slowNames = `
  const [delay, address] = process.argv.slice(1);
  const socket = require("node:dgram").createSocket("udp4");
  socket.on("message", (query, from) => {
    let end = 12;
    while (query[end] !== 0) end += query[end] + 1;
    const isA = query.readUInt16BE(end + 1) === 1;
    const head = Buffer.from([query[0], query[1], 0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0]);
    const answer = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split(".").map(Number)];
    const parts = [head, query.subarray(12, end + 5), Buffer.from(isA ? answer : [])];
    setTimeout(() => socket.send(Buffer.concat(parts), from.port, from.address), Number(delay));
  });
  socket.bind(53, "127.0.0.1", () => console.log("listening"));
`;

const devices: Readonly<Record<Case["device"], BrowserContextOptions>> = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
};

const patience = { timeout: 30_000 };
const locales = { en: "en-GB", ko: "ko-KR" };
const buttons = { en: "Knock", ko: "노크하기" };
/** What the page says at the end. */
const verdicts = {
  web: { en: "It is open: port PORT answers.", ko: "열렸습니다. PORT번 포트가 응답합니다." },
  other: {
    en: "It is open: port PORT was silent before the knock, and reacts now.",
    ko: "열렸습니다. 노크 전에는 조용하던 PORT번 포트가 이제 반응합니다.",
  },
  none: { en: "Knocked. This page", ko: "노크를 마쳤습니다." },
};

describe.skipIf(needs("chromium", "nft", "openssl"))("the page, in Chromium", () => {
  let network: LiveNetwork;
  let server: Server;
  const folder = new Folder();
  const page = folder.at("knock.html");
  const browsers: Browser[] = [];
  /** Which of the cases opened their door. */
  const opened = new Set<number>();
  /** All that was asked of the web server that has the page. */
  let visits: { readonly stdout: string };

  beforeAll(async () => {
    // A host for each browser: knocks of one source at several doors at once spoil each other.
    const clients = [...cases.map((_, i) => `client${i}`), ...extras];
    network = await LiveNetwork.open(["server", "site", "stranger", ...clients]);
    server = new Server(network.host("server"), doors.join("\n"));
    const { host } = server;
    for (const tables of LiveNetwork.hasIPv6 ? ["iptables", "ip6tables"] : ["iptables"]) {
      await host.run([tables, "-A", "INPUT", "-p", "tcp", "--dport", "7000:7999", "-j", "DROP"]);
    }
    const webs = [...cases.map((_, i) => webPort(i)), 9301, 9302, 9303, 9304, 9305].join();
    const others = [...cases.map((_, i) => otherPort(i)), 22].join();
    const services = host.start([process.execPath, "-e", listeners, webs, others]);
    await services.waitFor(/listening/);
    await server.start();
    await invite("door0");
    const [key, cert] = [folder.at("key.pem"), folder.at("cert.pem")];
    await host.run([
      ...["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x"],
      ...["-keyout", key, "-out", cert],
    ]);
    const web = network.host("site").start([process.execPath, "-e", site, page, key, cert]);
    await web.waitFor(/listening/);
    visits = web;
  });
  afterAll(async () => {
    await Promise.all(browsers.map((browser) => browser.close()));
    await network?.close();
  });

  /** The link to a page that knocks at this door. */
  async function invite(door: string, to: Case["to"] = "IPv4", origin: PageOrigin = "file") {
    const { address, address6 } = server.host;
    const host = { IPv4: address, IPv6: address6, "a name with both": name }[to];
    const { stdout } = await server.host.run([
      ...[...knockctl, "invite", door, "--json", "--config", server.config],
      ...["--host", host, "--output", page],
      ...(origin === "file" ? [] : ["--url", siteUrl(origin)]),
    ]);
    return String(JSON.parse(stdout).link);
  }

  function siteUrl(origin: "http" | "https"): string {
    const port = { http: 8000, https: 8443 }[origin];
    return `${origin}://${network.host("site").address}:${port}/knock.html`;
  }

  /** Starts a browser on this host and opens the page in it. */
  async function visit(
    client: LiveHost,
    link: string,
    options: BrowserContextOptions = {},
    flags: readonly string[] = [],
  ): Promise<Page> {
    const { address, address6 } = server.host;
    // Chromium asks for IPv6 addresses only where it has a route to the whole of it.
    if (LiveNetwork.hasIPv6) await client.ip("-6", "route", "add", "default", "via", address6);
    const names = [`${address} ${name}`, ...(LiveNetwork.hasIPv6 ? [`${address6} ${name}`] : [])];
    const browser = await startBrowser(client, { names, flags });
    browsers.push(browser);
    const settings = { ignoreHTTPSErrors: true, locale: "en-GB", ...options };
    const tab = await (await browser.newContext(settings)).newPage();
    await tab.goto(link);
    return tab;
  }

  /** Waits for the end of a knock, and returns what the page says then. */
  async function verdict(tab: Page): Promise<string> {
    const button = tab.locator("#knock[aria-disabled=false]");
    await button.waitFor({ timeout: 30_000 });
    return (await tab.getByRole("status").textContent()) ?? "";
  }

  /** How often a door opened for this source. */
  const openings = (door: string, source: string) =>
    (server.daemon?.output.split(`${source}: ${door}: OPEN SESAME`).length ?? 0) - 1;

  test.concurrent.for(cases.map((one, i) => ({ ...one, i })))(
    "$i: from $origin, in $language on a $device, knocks at $knocks ports of $to",
    async ({ origin, to, device, language, service, i }, { expect, skip }) => {
      skip(to !== "IPv4" && !LiveNetwork.hasIPv6, "this kernel has no IPv6");
      const port = service === "web" ? webPort(i) : otherPort(i);
      const address = to === "IPv4" ? server.host.address : server.host.address6;
      const client = network.host(`client${i}`);
      const connects = (from: LiveHost) => from.canConnect(address, port);
      const link = await invite(`door${i}`, to, origin);
      const tab = await visit(client, link, { ...devices[device], locale: locales[language] });
      if (service !== "none") expect(await connects(client)).toBe("silent");

      await tab.getByRole("button", { name: buttons[language], exact: true }).click();
      // A page that came over https asks by https only: of a web server without it, it sees little.
      const seen = origin === "https" && service === "web" ? "other" : service;
      const expected = verdicts[seen][language].replace("PORT", String(port));
      expect(await verdict(tab)).toContain(expected);

      // Where a name has both families, both knock.
      const { address: own, address6: own6 } = client;
      const sources = { IPv4: [own], IPv6: [own6], "a name with both": [own, own6] }[to];
      for (const source of sources)
        expect([source, openings(`door${i}`, source)]).toEqual([source, 1]);
      if (service === "none") return;
      expect(await connects(client)).toBe("open");
      expect(await connects(network.host("stranger"))).toBe("silent");
      opened.add(i);
    },
  );

  test.concurrent("is used with the keyboard alone, and makes its own address", async ({
    expect,
  }) => {
    const client = network.host("keyboard");
    const tab = await visit(client, siteUrl("http"));
    const keyboard = tab.keyboard;
    const focused = () => tab.evaluate("document.activeElement.id");
    await tab.getByLabel("Server").waitFor();
    const type = async (text: string) => {
      await keyboard.press("Tab");
      await keyboard.insertText(text);
    };
    await keyboard.press("Tab");
    await type(server.host.address);
    await type("7913 7970 nonsense");
    await keyboard.press("Enter");
    expect(await focused()).toBe("ports");
    expect(await tab.locator("#form").ariaSnapshot()).toMatchInlineSnapshot(`
      "- text: Invitation
      - textbox "Invitation"
      - text: Paste a link or a text here, or fill in the rest. Server
      - textbox "Server": 10.77.0.1
      - text: A name or an address, such as server.example.org Ports to knock at
      - textbox "Ports to knock at" [invalid]: 7913 7970 nonsense
      - text: "In their order: 7003, 9140, 8455. TCP only. 1 to 32 numbers from 1 to 65535, with commas between them. Port that opens (optional)"
      - textbox "Port that opens (optional)"
      - text: "Such as 443: the page looks whether it answers. Name (optional)"
      - textbox "Name (optional)"
      - paragraph:
        - button "Save""
    `);
    await keyboard.press("Control+A");
    await keyboard.insertText("7913 7970 7955");
    await type("9304");
    await type("at home");
    await keyboard.press("Enter");
    expect(await focused()).toBe("knock");
    const { address } = server.host;
    expect(new URL(tab.url()).hash).toBe(
      `#knock=7913,7970,7955&host=${address}&name=at%20home&service=tcp/9304`,
    );
    await keyboard.press("Enter");
    expect(await verdict(tab)).toBe("It is open: port 9304 answers.");
    expect(await focused()).toBe("knock");
    expect(openings("typed", client.address)).toBe(1);
    expect(await tab.locator("main").ariaSnapshot()).toMatchInlineSnapshot(`
      "- main:
        - heading "at home" [level=1]
        - region "at home":
          - paragraph: 10.77.0.1
          - button "Knock again"
          - list "Progress":
            - listitem: Step 1 knocked
            - listitem: Step 2 knocked
            - listitem: Step 3 knocked
          - status: "It is open: port 9304 answers."
          - paragraph:
            - link "Open http://10.77.0.1:9304/":
              - /url: http://10.77.0.1:9304/
          - button "Change"
        - group: What this page does"
    `);

    // Back to the form and out of it again.
    await tab.getByRole("button", { name: "Change" }).press("Enter");
    expect([await focused(), await tab.getByLabel("Name").inputValue()]).toEqual([
      "host",
      "at home",
    ]);
    await tab.getByRole("button", { name: "Cancel" }).press("Enter");
    expect(await focused()).toBe("change");
  });

  test.concurrent.for(["file", "https"] as const)(
    "knocks again and again, at a sequence with repeated ports, from %s",
    async (origin, { expect }) => {
      const client = network.host(`again-${origin}`);
      const tab = await visit(client, await invite("again", "IPv4", origin));
      const button = tab.getByRole("button", { name: /^Knock/ });
      for (const times of [1, 2, 3]) {
        await button.click();
        expect(await verdict(tab)).toMatch(/port 9301/i);
        expect(openings("again", client.address)).toBe(times);
      }
      // The browser would not send these, and the page knows it.
      await button.click();
      expect(await verdict(tab)).toMatch(/Wait two minutes/);
    },
  );

  test.concurrent("hurries where the door leaves little time", async ({ expect }) => {
    const client = network.host("hurry");
    const link = await invite("hurry", LiveNetwork.hasIPv6 ? "a name with both" : "IPv4");
    expect(link).toMatch(/&pace=800$/);
    const tab = await visit(client, link);
    await tab.getByRole("button", { name: "Knock" }).click();
    expect(await verdict(tab)).toBe("It is open: port 9302 answers.");
    if (LiveNetwork.hasIPv6) expect(openings("hurry", client.address6)).toBe(1);
    expect(openings("hurry", client.address)).toBe(1);
  });

  test.concurrent("waits for a slow name server", async ({ expect }) => {
    const client = network.host("slow");
    const names = client.start([process.execPath, "-e", slowNames, "2000", server.host.address]);
    await names.waitFor(/listening/);
    const link = await invite("slow");
    const tab = await visit(client, link.replace(server.host.address, "slow.example.org"));
    // The second time it asks by https.
    for (const times of [1, 2]) {
      await tab.getByRole("button", { name: /^Knock/ }).click();
      expect(await verdict(tab)).toMatch(/port 9305 (answers|reacts)/i);
      // The service may answer before the last step has arrived: it is open from the first time.
      await expect.poll(() => openings("slow", client.address), patience).toBe(times);
    }
  });

  test.concurrent("says that browsers do not talk to ssh", async ({ expect }) => {
    const client = network.host("ssh");
    const tab = await visit(client, await invite("ssh"));
    await tab.getByRole("button", { name: "Knock" }).click();
    expect(await verdict(tab)).toMatch(/^Knocked\. Browsers never talk to port 22/);
    expect(await client.canConnect(server.host.address, 22)).toBe("open");
  });

  test.concurrent("knocks from a public site at a private address, though the browser forbids to look", async ({
    expect,
  }) => {
    const client = network.host("lan");
    const link = await invite("lan", "IPv4", "http");
    const publicly = `--ip-address-space-overrides=${network.host("site").address}:8000=public`;
    const tab = await visit(client, link, {}, [publicly]);
    await tab.getByRole("button", { name: "Knock" }).click();
    expect(await verdict(tab)).toBe(
      "It is open: port 9303 was silent before the knock, and reacts now.",
    );
    expect(openings("lan", client.address)).toBe(1);
  });

  test.concurrent("takes an invitation as a text, and says when a link is damaged", async ({
    expect,
  }) => {
    const tab = await visit(network.host("paste"), `${siteUrl("http")}#knock=7000,x&host=h`);
    expect(await tab.getByRole("alert").allTextContents()).toContain(
      "The address of this page is damaged: the invitation in it cannot be read.",
    );
    const invitation = tab.getByLabel("Invitation");
    await invitation.fill("hello");
    expect(await tab.locator("#invitation-error").textContent()).toBe(
      "There is no knock in this text.",
    );
    const fragment = "#knock=7003,9140&host=2001:db8::1&name=at%20home&service=tcp/443&pace=800";
    await invitation.fill(`Here it is: https://www.example.org/${fragment}`);
    expect(await tab.getByLabel("Ports").inputValue()).toBe("7003, 9140");
    await tab.getByRole("button", { name: "Save" }).click();
    expect(new URL(tab.url()).hash).toBe(fragment);
    expect(await tab.getByRole("heading").textContent()).toBe("at home");
    expect(await tab.title()).toBe("at home");
  });

  test.concurrent("keeps the secret to itself, and holds what docs/browser.md says of Chromium", async ({
    expect,
  }) => {
    const fragment = "knock=6000,7001&host=server.test&name=x";
    const tab = await visit(network.host("looker"), `${siteUrl("https")}#${fragment}`);
    const troubles: string[] = [];
    tab.on("console", (message) => troubles.push(message.text()));
    expect(await tab.getByRole("alert").first().textContent()).toMatch(
      /^No browser sends .* 6000,/,
    );
    expect(await tab.getByRole("button", { name: "Knock" }).count()).toBe(0);

    const session = await tab.context().newCDPSession(tab);
    const { errors, manifest } = await session.send("Page.getAppManifest");
    expect([errors, manifest.display]).toEqual([[], "kBrowser"]);

    // Mixed content: http is forbidden to a page that came over https.
    await tab.evaluate("fetch('http://server.test:7999', { mode: 'no-cors' }).catch(() => {})");
    expect(troubles.join()).toMatch(/Mixed Content.*has been blocked/s);

    const failures = new Map<number, string>();
    tab.on("requestfailed", (request) => {
      failures.set(Number(new URL(request.url()).port), request.failure()?.errorText ?? "");
    });
    const ports = Array.from({ length: 10_100 }, (_, i) => i + 1).filter(isBadPort);
    await tab.evaluate(
      `Promise.all(${JSON.stringify(ports)}.map((port) => fetch("https://127.0.0.1:" + port).catch(() => {})))`,
    );
    await expect.poll(() => failures.size).toBe(ports.length);
    const allowed = ports.filter((port) => failures.get(port) !== "net::ERR_UNSAFE_PORT");
    // They came into the standard last.
    expect([4190, 6679]).toEqual(expect.arrayContaining(allowed));

    expect(visits.stdout).toContain("/knock.html");
    expect(visits.stdout).not.toMatch(/knock=|#/);
  });

  test("docs/clients.md says so", ({ expect, skip }) => {
    skip(!LiveNetwork.hasIPv6, "this kernel has no IPv6");
    const results = columns.map(([knocks, family]) => {
      const open = cases.some(
        (one, i) =>
          opened.has(i) &&
          one.origin === "file" &&
          one.knocks === knocks &&
          one.to === `IPv${family}`,
      );
      return open ? "opens" : "stays closed";
    });
    const version = browsers[0]?.version().replace(/\..*/, "") ?? "?";
    const row = {
      client: "Chromium",
      version,
      typed: "knockctl invite DOOR --host HOST",
      results,
    };
    expect(compareRows([row])).toEqual([]);
  });
});
