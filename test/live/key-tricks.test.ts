// What a thief of packets, or a user who wants more, may try against a real daemon: all of it in vain.
import { chmodSync, readdirSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Address, parseAddress } from "../../src/base/address.ts";
import { KnockDevice, stunRequest } from "../support/knock-device.ts";
import type { LiveHost } from "./host.ts";
import { Folder } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";
import { Server } from "./server.ts";

const port = 23_547;
const patient = { timeout: 30_000 };

describe.skipIf(needs("nc", "nft"))("against knocks by key", () => {
  const alice = new KnockDevice("alice/laptop");
  const bob = new KnockDevice("bob/phone");
  const carol = new KnockDevice("carol/pc");
  const folder = new Folder();
  const said: string[] = [];
  let network: LiveNetwork;
  let home: LiveHost;
  let thief: LiveHost;
  let server: Server;
  let daemon: Process;

  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "home", "thief"]);
    home = network.host("home");
    thief = network.host("thief");
    server = new Server(network.host("server"), "");
    configure("alice");
    writeUsers([alice.name, alice], [bob.name, bob], [carol.name, carol, "require_address = yes"]);
    daemon = await server.start();
  });
  afterAll(() => network?.close());

  const time = (() => {
    let last = 0;
    return () => {
      last = Math.max(Date.now(), last + 1);
      return last;
    };
  })();
  let slot = 0;
  /** A fresh packet. */
  const knock = (device: KnockDevice, options: Parameters<KnockDevice["packet"]>[1] = {}) =>
    device.packet(time(), { slot: slot++ % 4, ...options });

  function configure(sshUsers: string, options = ""): void {
    const door = (name: string, users: string, to: number) =>
      `[${name}]\nusers = ${users}\nopen = tcp/${to}\nopen_for = 1h\n`;
    server.configure(
      door("ssh", sshUsers, 22) + door("web", "bob, carol", 80),
      `KnockPort = ${port}\nUsers = ${folder.at("knockd.users")}\n${options}`,
    );
  }

  function writeUsers(...all: readonly (readonly [string, KnockDevice, string?])[]): void {
    const text = all.map(
      ([name, { lockText }, more = ""]) => `[${name}]\nkey = ${lockText}\n${more}\n`,
    );
    folder.writePrivately("knockd.users", text.join(""));
  }

  const send = (from: LiveHost, payload: Uint8Array) =>
    from.run(["nc", "-u", "-q", "0", "-w", "1", server.host.address, String(port)], {
      input: payload,
    });

  /** Sends a payload that is refused by this check. */
  async function isRefused(from: LiveHost, payload: Uint8Array, check: string): Promise<void> {
    const count = () => daemon.output.split(` refused (${check}): `).length - 1;
    const before = count();
    await send(from, payload);
    await expect.poll(count, { ...patient, message: check }).toBe(before + 1);
  }

  async function opens(from: LiveHost, payload: Uint8Array, who: string): Promise<void> {
    const count = () => daemon.output.split(`OPEN SESAME: ${who},`).length - 1;
    const before = count();
    await send(from, payload);
    await expect.poll(count, patient).toBe(before + 1);
  }

  /** Ends the daemon as a crash does, and starts it after `meanwhile`. */
  async function restart(meanwhile = () => {}): Promise<void> {
    await server.kill();
    said.push(daemon.output);
    meanwhile();
    daemon = await server.start();
  }

  const reload = () => server.knockctl("reload");

  const journal = () => {
    const state = server.folder.at("state");
    const name = readdirSync(state).find((one) => one.endsWith(".knocks"));
    return join(state, name ?? expect.unreachable("no journal"));
  };

  test("another carrier, door, address, name, or users file makes no packet good again", async () => {
    const seen = knock(alice);
    await opens(home, seen, alice.name);
    await isRefused(thief, stunRequest(seen), "repeated-elsewhere");

    // What was refused for now is used: the right to the door comes too late for it.
    const early = knock(bob);
    await isRefused(home, early, "door");
    configure("alice, bob");
    expect((await reload()).code).toBe(0);
    await isRefused(thief, early, "repeated-elsewhere");
    await opens(home, knock(bob), bob.name);

    // Neither zero nor a mapped zero is the sender's address, and no address is another's.
    const wishes = [undefined, Address.v4(0), parseAddress(home.address), parseAddress("::1")];
    for (const address of wishes) {
      const wish = knock(carol, { door: "web", ...(address && { address }) });
      await isRefused(thief, wish, "address");
    }
    const own = parseAddress(thief.address) ?? expect.unreachable();
    await opens(thief, knock(carol, { door: "web", address: own }), carol.name);

    // A key is known by what it is: under another name, and under another's.
    writeUsers(["alice/renamed", alice], [bob.name, bob]);
    await restart();
    await isRefused(thief, seen, "replay");
    writeUsers([bob.name, alice]);
    expect((await reload()).code).toBe(0);
    await isRefused(thief, stunRequest(seen), "replay");

    // Its times are kept while no file has it, and while none can be read.
    writeUsers([bob.name, bob]);
    await restart();
    writeUsers([alice.name, alice]);
    await restart(() => chmodSync(folder.at("knockd.users"), 0o644));
    chmodSync(folder.at("knockd.users"), 0o600);
    configure("alice, bob", "Freshness = 10m");
    expect((await reload()).code).toBe(0);
    await isRefused(thief, seen, "replay");
    await opens(home, knock(alice), alice.name);

    // A journal that is cut off, or gone, is a loss: nothing from before counts.
    await restart(() => truncateSync(journal(), 100));
    await isRefused(thief, seen, "start");
    await restart(() => rmSync(journal()));
    await isRefused(thief, seen, "start");
    await opens(home, knock(alice), alice.name);

    said.push(daemon.output);
    const openings = said
      .join("\n")
      .match(new RegExp(`^.*${thief.address}: .*OPEN SESAME.*$`, "gm"));
    expect(openings).toEqual([expect.stringContaining(carol.name)]);
  });
});
