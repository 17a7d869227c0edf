// The page that knocks by key, in a real browser against the real daemon.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { knockVectors } from "../support/knock-vectors.ts";
import { bundlePageCrypto } from "../support/page-crypto.ts";
import { startBrowser } from "./browser.ts";
import type { LiveHost } from "./host.ts";
import { Folder } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import { Server } from "./server.ts";
import { startSite } from "./site.ts";

const screenshots = join(import.meta.dirname, "../../node_modules/.cache/screenshots");
const patient = { timeout: 30_000 };
const phone: BrowserContextOptions = {
  ...{ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
  ...{ isMobile: true, hasTouch: true },
};
const desktop: BrowserContextOptions = { viewport: { width: 1280, height: 900 } };

/** The port of the web server behind each door. */
const ports = { web: 9401, six: 9402, both: 9403, file: 9404, keys: 9405, home: 9406, lan: 9407 };
const hosts = ["web", "six", "both", "file", "ssh", "keys", "home", "lan", "looks", "vectors"];

const doors = [
  ...Object.entries(ports).map(
    ([name, port]) => `[${name}]\nusers = @all\nopen = tcp/${port}\nopen_for = 1h\nprotect = yes`,
  ),
  "[ssh]\nusers = @all\nopen = tcp/22\nopen_for = 8h\nprotect = yes",
];

const listeners = `
  const answer = (_, response) => response.end("hello");
  for (const port of process.argv[1].split(",")) {
    require("node:http").createServer(answer).listen(Number(port), "::");
  }
  require("node:net").createServer((socket) => socket.end("SSH-2.0-x\\r\\n")).listen(22, "::");
  console.log("listening");
`;

describe.skipIf(needs("chromium", "nft", "openssl"))("the page with keys, in Chromium", () => {
  let network: LiveNetwork;
  let server: Server;
  const folder = new Folder();
  const page = folder.at("knock.html");
  const browsers: Browser[] = [];
  let links = 0;

  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    network = await LiveNetwork.open(["server", "site", "stranger", ...hosts]);
    const options = `Users = ${folder.at("knockd.users")}\nKnockPort = 23547`;
    server = new Server(network.host("server"), doors.join("\n"), options);
    const { host } = server;
    const services = host.start([
      ...[process.execPath, "-e", listeners],
      Object.values(ports).join(),
    ]);
    await services.waitFor(/listening/);
    await server.start();
    const { code, stderr } = await server.knockctl(`user page ${page}`);
    expect([code, stderr]).toEqual([0, ""]);
    await startSite(network.host("site"), folder);
  });
  afterAll(async () => {
    await Promise.all(browsers.map((browser) => browser.close()));
    await network?.close();
  });

  const siteUrl = () => `https://${network.host("site").address}:8443/knock.html`;
  const fileUrl = () => `file://${page}`;

  /** The link that enrols a device of its own. */
  async function enrol(door: string, url: string, more = "", device = `${door}${++links}/phone`) {
    const output = folder.at(`link${++links}`);
    const { code, stderr } = await server.knockctl(
      `user add ${device} --door ${door} --host ${server.host.address} --link ${url} ` +
        `--groups all --yes --output ${output} --config ${server.config}${more && ` ${more}`}`,
    );
    expect([code, stderr]).toEqual([0, ""]);
    return readFileSync(output, "utf8").trim();
  }

  async function start(client: LiveHost, options: BrowserContextOptions, flags: string[] = []) {
    await client.ip("route", "add", "default", "via", server.host.address);
    if (LiveNetwork.hasIPv6) {
      await client.ip("-6", "route", "add", "default", "via", server.host.address6);
    }
    const browser = await startBrowser(client, { flags });
    browsers.push(browser);
    const settings = { ignoreHTTPSErrors: true, locale: "en-GB", ...options };
    return await browser.newContext(settings);
  }

  const openings = (door: string) =>
    [...(server.daemon?.output.matchAll(/^(\S+): (\w+): OPEN SESAME/gm) ?? [])]
      .filter(([, , name]) => name === door)
      .map(([, source]) => source)
      .sort();

  const state = (tab: Page) => tab.locator("#key-state").textContent();
  const press = (tab: Page, name = "Open") =>
    tab.getByRole("button", { name, exact: true }).click();

  /** Waits until the key is in the store and the secret is not in the address. */
  async function enrolled(tab: Page, text: string) {
    await expect.poll(() => state(tab), patient).toBe(text);
    expect(tab.url()).not.toContain("#");
  }

  test("from https on a phone: the secret leaves the address, one press opens the door for this phone", async () => {
    const client = network.host("web");
    const stranger = network.host("stranger");
    const context = await start(client, phone);
    const tab = await context.newPage();
    await tab.goto(await enrol("web", siteUrl()));
    await enrolled(tab, "The key is saved.");
    const { address } = server.host;
    expect(await client.canConnect(address, ports.web)).toBe("silent");
    await press(tab);
    // A page that came over https looks by https, which this service does not speak.
    await expect.poll(() => state(tab), patient).toBe("Sent.");
    expect(await tab.locator("#key-hint").textContent()).toBe("Port 9401 reacts. Connect now.");
    expect(openings("web")).toEqual([client.address]);
    expect(await client.canConnect(address, ports.web)).toBe("open");
    expect(await stranger.canConnect(address, ports.web)).toBe("silent");
    expect(await tab.locator("#left").textContent()).toMatch(/^(?:59:\d\d|1:00:00) left$/);
    expect(await tab.locator("#key-link a").getAttribute("href")).toBe(
      `http://${address}:${ports.web}/`,
    );

    // What is stored knocks again after the page is closed, and after its start.
    await tab.close();
    const again = await context.newPage();
    await again.goto(siteUrl());
    await press(again, "Open again");
    await expect.poll(() => openings("web").length, patient).toBe(2);
  });

  test.skipIf(!LiveNetwork.hasIPv6)("from https over IPv6", async () => {
    const client = network.host("six");
    const { address6 } = server.host;
    const link = await enrol("six", siteUrl(), `--address ${address6}`);
    const tab = await (await start(client, desktop)).newPage();
    await tab.goto(link);
    await enrolled(tab, "The key is saved.");
    await press(tab);
    await expect.poll(() => openings("six"), patient).toEqual([client.address6]);
    expect(await client.canConnect(address6, ports.six)).toBe("open");
  });

  test.skipIf(!LiveNetwork.hasIPv6)("opens for both addresses of this device", async () => {
    const client = network.host("both");
    const { address, address6 } = server.host;
    const link = await enrol("both", siteUrl(), `--address ${address},${address6}`);
    const tab = await (await start(client, desktop)).newPage();
    await tab.goto(link);
    await enrolled(tab, "The key is saved.");
    await press(tab);
    await expect
      .poll(() => openings("both"), patient)
      .toEqual([client.address, client.address6].sort());
  });

  test("from a file, in Korean", async () => {
    const client = network.host("file");
    const tab = await (await start(client, { ...desktop, locale: "ko-KR" })).newPage();
    await tab.goto(await enrol("file", fileUrl()));
    await enrolled(tab, "키를 저장했습니다.");
    await press(tab, "열기");
    await expect.poll(() => state(tab), patient).toBe("열렸습니다.");
    expect(openings("file")).toEqual([client.address]);
  });

  test("says that browsers do not talk to ssh, and links to it", async () => {
    const client = network.host("ssh");
    const tab = await (await start(client, phone)).newPage();
    await tab.goto(await enrol("ssh", siteUrl()));
    await enrolled(tab, "The key is saved.");
    await press(tab);
    await expect.poll(() => state(tab), patient).toBe("Sent.");
    await expect.poll(() => openings("ssh"), patient).toEqual([client.address]);
    const { address } = server.host;
    expect(await tab.locator("#key-link a").getAttribute("href")).toBe(`ssh://${address}`);
    expect(await client.canConnect(address, 22)).toBe("open");
  });

  test("from a public site towards a private address", async () => {
    const client = network.host("lan");
    const publicly = `--ip-address-space-overrides=${network.host("site").address}:8443=public`;
    const tab = await (await start(client, phone, [publicly])).newPage();
    await tab.goto(await enrol("lan", siteUrl()));
    await enrolled(tab, "The key is saved.");
    await press(tab);
    await expect.poll(() => openings("lan"), patient).toEqual([client.address]);
  });

  test("lists several doors, renames, renews and forgets them, with the keyboard alone", async () => {
    const tab = await (await start(network.host("keys"), desktop)).newPage();
    const focused = () => tab.evaluate("document.activeElement.id");
    await tab.goto(await enrol("keys", siteUrl(), "", "ann/phone"));
    await enrolled(tab, "The key is saved.");
    await tab.keyboard.press("Tab");
    expect(await focused()).toBe("open");
    await tab.goto(await enrol("ssh", siteUrl(), "--name office"));
    await enrolled(tab, "The key is saved.");
    const rows = tab.locator("#doors button");
    await expect
      .poll(() => rows.locator("strong").allTextContents(), patient)
      .toEqual(["home", "office"]);

    await tab.getByRole("button", { name: "Rename" }).press("Enter");
    await tab.locator("#answer").waitFor();
    await tab.keyboard.insertText("ssh at work");
    await tab.keyboard.press("Enter");
    await expect.poll(() => tab.title(), patient).toBe("ssh at work");

    await rows.first().press("Enter");
    await expect.poll(() => tab.getByRole("heading").textContent(), patient).toBe("home");
    expect(await focused()).toBe("open");
    const tree = await tab.locator("main").ariaSnapshot();
    expect(tree.replace(/Key \w{16}/, "Key ID")).toMatchInlineSnapshot(`
      "- main:
        - heading "home" [level=1]
        - region "home":
          - paragraph: 10.77.0.1 · keys
          - button "Open"
          - status
          - list "Doors":
            - listitem:
              - button "home 10.77.0.1 · keys":
                - strong: home
                - text: 10.77.0.1 · keys
            - listitem:
              - button "ssh at work 10.77.0.1 · ssh":
                - strong: ssh at work
                - text: 10.77.0.1 · ssh
          - paragraph:
            - button "Add"
            - button "Rename"
            - button "Forget"
          - paragraph: Key ID
        - group: What this page does"
    `);

    const key = () => tab.locator("#key-id").textContent();
    const old = await key();
    const renewed = await enrol("keys", siteUrl(), "", "ann/phone");
    for (const [button, text] of [
      ["Cancel", "The old key stays."],
      ["Replace", "The new key is saved."],
    ] as const) {
      await tab.goto(renewed);
      await tab.getByRole("button", { name: button }).press("Enter");
      await enrolled(tab, text);
      expect((await key()) === old).toBe(button === "Cancel");
    }

    await tab.getByRole("button", { name: "Forget" }).press("Enter");
    await tab.locator("#yes").press("Enter");
    await expect.poll(() => tab.title(), patient).toBe("ssh at work");
    expect(await rows.first().isVisible()).toBe(false);
    await tab.getByRole("button", { name: "Forget" }).press("Enter");
    await tab.locator("#yes").press("Enter");
    await tab.getByLabel("Server").waitFor();

    // As on an iPhone, whose home screen has keys of its own: the link is pasted.
    await tab.getByLabel("Invitation").fill(renewed);
    await enrolled(tab, "The key is saved.");
    expect([await focused(), await tab.locator("#invitation").inputValue()]).toEqual(["open", ""]);
    const damaged = renewed.replace(/key1:(.)/, (_, one) => `key1:${one === "A" ? "B" : "A"}`);
    await tab.goto(damaged);
    await expect
      .poll(() => tab.locator("#damaged").textContent(), patient)
      .toMatch(/^The address of this page is damaged/);
    expect(tab.url()).not.toContain("key1:");
  });

  test("starts from the home screen without a network, by an address without a secret", async () => {
    const client = network.host("home");
    const site = await startSite(client, folder);
    const url = "http://localhost:8000/knock.html";
    const context = await start(client, phone);
    const tab = await context.newPage();
    await tab.goto(await enrol("home", url));
    await enrolled(tab, "The key is saved.");
    await tab.evaluate("navigator.serviceWorker.ready.then(() => 0)");
    const session = await context.newCDPSession(tab);
    const { errors, data = "" } = await session.send("Page.getAppManifest");
    expect([errors, JSON.parse(data).start_url]).toEqual([[], url]);
    expect(data).not.toContain("key1:");
    const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
    // Test browsers have private windows only.
    expect(installabilityErrors.map(({ errorId }) => errorId)).toEqual(["in-incognito"]);

    await site.stop();
    await tab.reload();
    await press(tab);
    await expect.poll(() => openings("home"), patient).toEqual([client.address]);
  });

  test("makes the frozen packet, of stored keys that no script can export", async () => {
    const context = await start(network.host("vectors"), desktop);
    const tab = await context.newPage();
    await tab.goto(siteUrl());
    const session = await context.newCDPSession(tab);
    // By the protocol of the developer tools: the policy of the page lets no script in.
    const evaluate = async (expression: string): Promise<unknown> => {
      const { result } = await session.send("Runtime.evaluate", {
        ...{ expression, awaitPromise: true, returnByValue: true },
      });
      return result.value;
    };
    await evaluate(bundlePageCrypto().replace("var pageCrypto", "globalThis.pageCrypto"));
    const { time, slot, seconds } = knockVectors.input;
    const found = await evaluate(`(async () => {
      const key = await pageCrypto.readDeviceKey(${JSON.stringify(knockVectors.keys.key)});
      const request = (one) => new Promise((resolve) => one.onsuccess = () => resolve(one.result));
      const opening = indexedDB.open("vectors", 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore("keys");
      const database = await request(opening);
      const table = () => database.transaction("keys", "readwrite").objectStore("keys");
      await request(table().put(key, 1));
      const stored = await request(table().get(1));
      const exports = [];
      for (const name of ["hint", "seal", "nonce", "sign"]) {
        for (const format of ["raw", "jwk", "pkcs8"]) {
          exports.push(await crypto.subtle.exportKey(format, stored[name]).then(() => name, () => ""));
        }
      }
      const packet = await pageCrypto.sealPacket(stored, {
        time: ${time}, seconds: ${seconds},
        address: { w0: 0, w1: 0, w2: 0xffff, w3: 0xc0000207 },
        door: "${knockVectors.doorId}",
      }, ${slot});
      return { packet: Array.from(packet, (x) => x.toString(16).padStart(2, "0")).join(""), exports };
    })()`);
    expect(found).toEqual({ packet: knockVectors.packet, exports: Array(12).fill("") });
  });

  test("has looks: phone and desktop, light and dark, both languages", {
    timeout: 120_000,
  }, async () => {
    const client = network.host("looks");
    await start(client, desktop);
    const browser = browsers.at(-1) as Browser;
    const link = await enrol("web", siteUrl(), "--name home");
    const second = await enrol("ssh", siteUrl(), "--name office");
    for (const [size, options] of Object.entries({ phone, desktop })) {
      for (const colorScheme of ["light", "dark"] as const) {
        for (const [language, locale] of Object.entries({ en: "en-GB", ko: "ko-KR" })) {
          const context = await browser.newContext({
            ...{
              ...options,
              colorScheme,
              locale,
              ignoreHTTPSErrors: true,
              reducedMotion: "reduce",
            },
          });
          const tab = await context.newPage();
          const name = (step: string) =>
            join(screenshots, `${size}-${colorScheme}-${language}-${step}.png`);
          await tab.goto(link);
          const press = tab.locator("#open[aria-disabled=false], #open:not([aria-disabled])");
          await expect.poll(() => state(tab), patient).not.toBe("");
          await tab.screenshot({ path: name("1-saved") });
          await press.click();
          await tab.locator("#time:not([hidden])").waitFor(patient);
          await tab.screenshot({ path: name("2-open") });
          await tab.goto(second);
          await expect.poll(() => tab.locator("#doors button").count(), patient).toBe(2);
          await tab.screenshot({ path: name("3-list"), fullPage: true });
          await context.close();
        }
      }
    }
  });
});
