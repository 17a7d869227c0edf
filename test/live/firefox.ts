import { mkdirSync } from "node:fs";
import type { LiveHost } from "./host.ts";
import { Folder } from "./knockd.ts";

/** What is done in a page: a script is the body of an asynchronous function, and says what it found. */
export interface FirefoxVisit {
  readonly url: string;
  readonly script: string;
}

/** Speaks Marionette: `LENGTH:[0,id,command,parameters]`, answered by `LENGTH:[1,id,error,result]`. */
const driver = `
const { url, script } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const net = require("node:net");
const waiting = new Map();
let rest = Buffer.alloc(0), next = 1;
function take(socket) {
  for (;;) {
    const colon = rest.indexOf(58);
    if (colon < 0) return;
    const length = Number(rest.subarray(0, colon)), end = colon + 1 + length;
    if (rest.length < end) return;
    const message = JSON.parse(rest.subarray(colon + 1, end));
    rest = rest.subarray(end);
    if (!Array.isArray(message)) { void steer(socket); continue; }
    const [, id, error, result] = message;
    const [resolve, reject] = waiting.get(id);
    if (error) reject(new Error(JSON.stringify(error))); else resolve(result);
  }
}
const ask = (socket, command, parameters) => new Promise((resolve, reject) => {
  const id = next++, text = JSON.stringify([0, id, command, parameters]);
  waiting.set(id, [resolve, reject]);
  socket.write(Buffer.byteLength(text) + ":" + text);
});
async function steer(socket) {
  const { capabilities } = await ask(socket, "WebDriver:NewSession", { acceptInsecureCerts: true, capabilities: { alwaysMatch: { acceptInsecureCerts: true } } });
  await ask(socket, "WebDriver:SetTimeouts", { script: 90000 });
  await ask(socket, "WebDriver:Navigate", { url });
  const body = "const done = arguments[arguments.length - 1]; (async () => {" + script + "})().then(done, (error) => done(String(error)));";
  const { value } = await ask(socket, "WebDriver:ExecuteAsyncScript", { script: body, args: [] });
  console.log(JSON.stringify({ version: capabilities.browserVersion, value }));
  process.exit(0);
}
process.on("unhandledRejection", (error) => { console.error(String(error)); process.exit(1); });
const end = Date.now() + 60000;
(function connect() {
  const socket = net.connect(2828, "127.0.0.1");
  socket.on("data", (chunk) => { rest = Buffer.concat([rest, chunk]); take(socket); });
  socket.on("error", () => Date.now() < end ? setTimeout(connect, 200) : process.exit(1));
})();
`;

/** Starts Debian's Firefox on a host of the test bed, opens a page and runs a script in it. */
export async function visitWithFirefox(
  host: LiveHost,
  visit: FirefoxVisit,
): Promise<{ readonly version: string; readonly value: unknown }> {
  const folder = new Folder();
  for (const name of ["profile", "home"]) mkdirSync(folder.at(name));
  const preferences = {
    "app.normandy.enabled": false,
    "browser.shell.checkDefaultBrowser": false,
    "datareporting.policy.dataSubmissionEnabled": false,
    "network.captive-portal-service.enabled": false,
    "network.connectivity-service.enabled": false,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": false,
  };
  const lines = Object.entries(preferences).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
  );
  folder.write("profile/user.js", lines.join(""));
  const browser = host.start(
    ["firefox-esr", "--headless", "--marionette", "--no-remote", "--profile", folder.at("profile")],
    { env: { HOME: folder.at("home"), MOZ_DISABLE_CONTENT_SANDBOX: "1" } },
  );
  try {
    const { stdout } = await host.run([process.execPath, "-e", driver], {
      ...{ input: JSON.stringify(visit), timeout: 120_000 },
    });
    return JSON.parse(stdout);
  } finally {
    await browser.stop();
  }
}
