import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder, knock, startKnockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";

/** Prints each request that it gets; the first one is refused as by a server that is busy. */
const webServer = `
  let count = 0;
  require("node:http").createServer((request, response) => {
    let body = "";
    request.on("data", (data) => body += data);
    request.on("end", () => {
      response.writeHead(count++ === 0 ? 503 : 204).end();
      console.log("request " + request.url + " " + body);
    });
  }).listen(8080, "127.0.0.1", () => console.log("ready"));
`;

describe.skipIf(needs("nft"))("hooks", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  let web: Process;

  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "client"]);
    server = network.host("server");
    client = network.host("client");
    web = server.start([process.execPath, "-e", webServer]);
    await web.waitFor(/^ready$/m);
  });
  afterAll(() => network?.close());

  test("are told of doors of both kinds, and keep no knock waiting", async () => {
    const folder = new Folder();
    const told = folder.at("told");
    const daemon = await startKnockd(
      server,
      `[options]
StateDir = ${folder.at("state")}
OnOpen = echo %EVENT% %DOOR% %IP% >>${told}
OnClose = echo %EVENT% %DOOR% %IP% >>${told}
[native]
sequence = 7003,7001,7002
open = tcp/22
open_for = 1s
on_open = http://127.0.0.1:8080/secret
[command]
sequence = 7013,7011,7012
start_command = true
stop_command = true
cmd_timeout = 1s
on_close = sleep 600
`,
    );
    await knock(client, server.address, 7003, 7001, 7002);
    await web.waitFor(/(request \/secret .*\n){2}/);
    const [first, second] = web.output.match(/\{.*\}/g) ?? [];
    expect(second).toBe(first);
    expect(JSON.parse(first ?? "")).toMatchObject({
      event: "opened",
      door: "native",
      address: client.address,
      by: "knock",
    });
    for (let i = 1; i <= 3; i++) {
      await knock(client, server.address, 7013, 7011, 7012);
      await daemon.waitFor(new RegExp(`(command: OPEN SESAME[\\s\\S]*){${i}}`));
    }
    const { address } = client;
    const lines = () => readFileSync(told, "utf8").split("\n").filter(Boolean);
    await expect
      .poll(lines)
      .toEqual(expect.arrayContaining([`closed native ${address}`, `opened command ${address}`]));
    expect(daemon.output).not.toContain("secret");
    expect((await daemon.stop()).code).toBe(15);
  });
});
