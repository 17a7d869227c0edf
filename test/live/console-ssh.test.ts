// The console over real ssh: a door is opened, a colleague's phone enrolled, seen to knock, and removed.
import type { Browser } from "playwright-core";
import { encode } from "uqr";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startBrowser } from "./browser.ts";
import { look, patient, phone } from "./console-page.ts";
import { Folder } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";
import { Server } from "./server.ts";
import { startSite } from "./site.ts";
import { needsSshd, releaseUsers, startSshd } from "./sshd.ts";

const doors = `
[web]
users = @all
open = tcp/9401
open_for = 30m
protect = yes
`;

describe.skipIf(needsSshd("chromium", "nft", "openssl") ?? needs())("the console over ssh", () => {
  let network: LiveNetwork;
  let server: Server;
  const browsers: Browser[] = [];
  const keys = new Folder();
  const folder = new Folder();

  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "admin", "phone", "guest", "site"]);
    const host = network.host("server");
    await startSshd(host, keys);
    folder.writePrivately("knockd.users", "");
    server = new Server(host, doors, `Users = ${folder.at("knockd.users")}\nKnockPort = 23547`);
    await host.listen(9401);
    await server.start();
    await server.knockctl(`user page ${folder.at("knock.html")}`);
    await startSite(network.host("site"), folder);
  });
  afterAll(async () => {
    await Promise.all(browsers.map((browser) => browser.close()));
    await network?.close();
    await releaseUsers();
  });

  /** The sockets on which the daemon listens. */
  async function listening(): Promise<string[]> {
    const { stdout } = await server.host.run(["ss", "-Hlnptuwx"]);
    const own = stdout.split("\n").filter((line) => line.includes(`pid=${server.daemon?.pid},`));
    return own.map((line) => line.replace(/^(\S+)\s.*?(\S*control\.sock|\S+:\S+)\s.*/, "$1 $2"));
  }

  test("a colleague's phone is enrolled by its QR code, seen to knock, and removed", {
    timeout: 240_000,
  }, async () => {
    const [admin, guest, mobile] = ["admin", "guest", "phone"].map((name) => network.host(name));
    if (admin === undefined || guest === undefined || mobile === undefined) expect.unreachable();
    const { host } = server;
    const before = await listening();
    expect(before).toEqual([`u_str ${server.socket}`]);

    const options = [
      ...["-i", keys.at("user"), "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes"],
      ...["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"],
    ];
    const command = server.argv("console").join(" ");
    const session = admin.start(["ssh", ...options, `root@${host.address}`, command]);
    await session.waitFor(/Ctrl-C ends the console/);
    const [, forward = ""] = /^ {4}ssh (-N .*)$/m.exec(session.stdout) ?? [];
    const [url = ""] = /http:\S+/.exec(session.stdout) ?? [];
    expect(forward).toMatch(
      /^-N -o ExitOnForwardFailure=yes -L (\d+):127\.0\.0\.1:\1 \S+@10\.77\.0\.1$/,
    );
    const { port } = new URL(url);
    expect(await admin.canConnect(host.address, Number(port))).toBe("refused");
    admin.start(["ssh", ...options, ...forward.split(" ")]);
    await expect.poll(() => admin.canConnect("127.0.0.1", Number(port)), patient).toBe("open");
    const browser = await startBrowser(admin);
    browsers.push(browser);
    const tab = await look(browser, url);
    expect(await listening()).toEqual(before);

    const button = (name: string | RegExp) => tab.getByRole("button", { name, exact: true });
    await button("Open: web").click();
    await tab.getByLabel("Address to open it for").fill(guest.address);
    await button("Open").click();
    await expect.poll(() => guest.canConnect(host.address, 9401), patient).toBe("open");

    await button("Add a device").click();
    await tab.getByLabel("Person and device").fill("bob/phone");
    await tab.getByLabel("This server, as the device reaches it").fill(host.address);
    const site = `https://${network.host("site").address}:8443/knock.html`;
    await tab.getByLabel("Address of the knocking page").fill(site);
    await button("Next").click();
    await button("Add").click();
    const dialog = tab.getByRole("dialog");
    await dialog.locator("svg.qr").waitFor();
    const link = (await dialog.locator("pre.secret").textContent()) ?? "";
    expect(link.slice(0, site.length + 1)).toBe(`${site}#`);
    // What the phone's camera would read: the modules of the picture are those of this link.
    const drawn = await dialog.locator("svg.qr path").getAttribute("d");
    expect(drawn).toBe(pathOf(link));
    await button("Done").click();

    await mobile.ip("route", "add", "default", "via", host.address);
    const camera = await startBrowser(mobile);
    browsers.push(camera);
    const page = await (
      await camera.newContext({ ...phone, ignoreHTTPSErrors: true, locale: "en-GB" })
    ).newPage();
    await page.goto(link);
    await expect
      .poll(() => page.locator("#key-state").textContent(), patient)
      .toBe("The key is saved.");
    expect(await mobile.canConnect(host.address, 9401)).toBe("silent");
    await page.getByRole("button", { name: "Open", exact: true }).click();
    const device = tab.locator("#devices li").filter({ hasText: "bob/phone" });
    await server.daemon?.waitFor(/bob\/phone/);
    const knocked = Date.now();
    await expect
      .poll(() => device.textContent(), { ...patient, interval: 20 })
      .toContain(`from ${mobile.address}`);
    console.log(`the knock was on the page ${Date.now() - knocked} ms after it was in the log`);
    expect(Date.now() - knocked).toBeLessThan(3000);
    const lease = tab.locator("#leases li").filter({ hasText: "bob/phone" });
    await expect.poll(() => lease.count(), patient).toBe(1);
    expect(await mobile.canConnect(host.address, 9401)).toBe("open");

    await button("Remove: bob/phone").click();
    expect(await dialog.textContent()).toContain(`This ends: web (${mobile.address}).`);
    await button("Remove").click();
    await expect.poll(() => lease.count(), patient).toBe(0);
    await expect.poll(() => mobile.canConnect(host.address, 9401), patient).toBe("silent");
    expect(await guest.canConnect(host.address, 9401)).toBe("open");
    expect(await listening()).toEqual(before);

    // The console is found by its port: ssh passes no Ctrl-C on without a terminal.
    const { stdout } = await host.run(["ss", "-Hlntp", `sport = :${port}`]);
    await run(["kill", "-INT", /pid=(\d+),/.exec(stdout)?.[1] ?? ""]);
    expect((await session.ended).code).toBe(0);
    expect(await listening()).toEqual(before);
  });
});

/** The dark modules of a QR code, as the page draws them. */
function pathOf(text: string): string {
  const { data } = encode(text, { border: 4, ecc: "L" });
  const rows = data.map((row) => row.map(Number).join(""));
  return rows
    .flatMap((row, y) =>
      [...row.matchAll(/1+/g)].map(
        ({ index, 0: { length } }) => `M${index} ${y}h${length}v1h-${length}z`,
      ),
    )
    .join("");
}
