import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { address, tcpPacket } from "../support/packets.ts";
import { Folder, knockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { Process } from "./process.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";
import { Wire } from "./wire.ts";

const door = "[x]\nsequence = 9\ndecoys = 0\ntcpflags = syn\ncommand = echo opened %IP%\n";
const own = "10.9.0.1";
const own6 = "fd99::1";

describe.skipIf(needs())("packets that cannot have come from another host", () => {
  let wire: Wire;
  let daemon: Process | undefined;
  beforeAll(async () => {
    wire = await Wire.lay();
    await run(["ip", "address", "add", `${own}/24`, "dev", "near"]);
    if (!LiveNetwork.hasIPv6) return;
    await run(["sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/near/disable_ipv6"]);
    await run(["ip", "address", "add", `${own6}/64`, "dev", "near", "nodad"]);
  });
  afterEach(async () => {
    await daemon?.stop();
  });
  afterAll(() => wire?.close());

  const send = (from: string, to: string) =>
    wire.send(tcpPacket({ source: address(from), destination: address(to) }, { port: 9 }));

  test("are no knocks on the wire, and knocks on lo", async () => {
    const path = new Folder().write("knockd.conf", door);
    daemon = new Process([...knockd, "-v", "-c", path]);
    await daemon.waitFor(/^listening on any\.\.\.$/m);
    for (const source of ["127.0.0.1", "127.9.9.9", own, "10.9.0.255", "240.0.0.1"]) {
      send(source, own);
    }
    send("10.9.0.7", "127.0.0.1");
    // The last one, by which the others have been judged.
    send("10.9.0.8", own);
    const honest = ["10.9.0.8"];
    if (LiveNetwork.hasIPv6) {
      for (const source of ["::1", own6]) send(source, own6);
      send("fd99::7", "::1");
      send("fd99::8", own6);
      honest.push("fd99::8");
    }
    for (const source of honest) await daemon.waitFor(new RegExp(`^opened ${source}$`, "m"));
    expect(daemon.stdout.match(/(?<=^opened ).*$/gm)).toEqual(honest);

    const knock = "require('node:net').connect(9, process.argv[1]).on('error', () => {})";
    for (const to of LiveNetwork.hasIPv6 ? ["127.0.0.1", own, "::1", own6] : ["127.0.0.1", own]) {
      await run([process.execPath, "-e", knock, to]);
      await daemon.waitFor(new RegExp(`^opened ${to}$`, "m"));
    }
  });
});
