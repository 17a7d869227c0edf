// The page that knocks by key in Debian's Firefox, against the real daemon.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { visitWithFirefox } from "./firefox.ts";
import { Folder } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import { Server } from "./server.ts";
import { startSite } from "./site.ts";

const patient = { timeout: 30_000 };

const cases = [
  { name: "https4", origin: "https", family: 4 },
  { name: "https6", origin: "https", family: 6 },
  { name: "file4", origin: "file", family: 4 },
] as const;

/** Waits for the saved key, presses the button and waits for what the page says. */
const press = `
  const said = () => document.getElementById("key-state").textContent;
  const until = async (isTrue) => {
    const end = Date.now() + 30000;
    while (!isTrue() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await until(() => said() !== "");
  const saved = said();
  document.getElementById("open").click();
  await until(() => said() !== saved && said() !== "Sending…");
  const key = document.getElementById("key-id").textContent;
  return { saved, key, said: said(), hash: location.hash };
`;

describe.skipIf(needs("firefox-esr", "nft", "openssl"))("the page with keys, in Firefox", () => {
  let network: LiveNetwork;
  let server: Server;
  const folder = new Folder();
  const page = folder.at("knock.html");

  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "site", ...cases.map(({ name }) => name)]);
    const doors = cases.map(
      ({ name }, i) =>
        `[${name}]\nusers = @all\nopen = tcp/${9401 + i}\nopen_for = 1h\nprotect = yes\n`,
    );
    const options = `Users = ${folder.at("knockd.users")}\nKnockPort = 23547`;
    server = new Server(network.host("server"), doors.join(""), options);
    await server.start();
    expect((await server.knockctl(`user page ${page}`)).code).toBe(0);
    await startSite(network.host("site"), folder);
  });
  afterAll(() => network?.close());

  test.each(cases)("from $origin over IPv$family", { timeout: 300_000 }, async (one) => {
    const { name, origin, family } = one;
    if (family === 6 && !LiveNetwork.hasIPv6) return;
    const client = network.host(name);
    const { address, address6 } = server.host;
    await client.ip("route", "add", "default", "via", address);
    if (LiveNetwork.hasIPv6) await client.ip("-6", "route", "add", "default", "via", address6);
    const site = `https://${network.host("site").address}:8443/knock.html`;
    const output = folder.at(name);
    const { stdout } = await server.knockctl(
      `user add ${name}/phone --door ${name} --host ${family === 4 ? address : address6} ` +
        `--link ${origin === "https" ? site : `file://${page}`} --groups all --json --yes ` +
        `--output ${output} --config ${server.config}`,
    );
    const { key } = JSON.parse(stdout) as { readonly key: string };
    const link = readFileSync(output, "utf8").trim();
    const { value } = await visitWithFirefox(client, { url: link, script: press });
    // No service listens, and a browser does not say whether a port refuses or does not speak http.
    expect(value).toEqual({
      ...{ saved: "The key is saved.", key: `Key ${key}`, said: "Sent.", hash: "" },
    });
    const source = family === 4 ? client.address : client.address6;
    await expect
      .poll(() => server.daemon?.output, patient)
      .toContain(`${source}: ${name}: OPEN SESAME: ${name}/phone`);
  });
});
