import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { catalogue, clientsNamed } from "../clients/catalogue.ts";
import type { Client, DoorName, IpFamily, Knocks } from "../clients/client.ts";
import { commandLine, doors, environment } from "../clients/client.ts";
import { columns, compareRows } from "../clients/table.ts";
import { addressOf, Gate } from "../clients/trial.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import { Tap } from "./tap.ts";

/** Most of the time they wait: many more than there are processors. */
const atOnce = 12;

interface Cell {
  readonly client: Client;
  readonly knocks: Knocks;
  readonly family: IpFamily;
}

const cells: readonly Cell[] = catalogue.flatMap((client) =>
  columns.map(([knocks, family]) => ({ client, knocks, family })),
);

const missing = ({ client, family }: Cell): string | undefined =>
  needs(...client.programs) ?? (family === 6 && !LiveNetwork.hasIPv6 ? "no IPv6 here" : undefined);

const doorOf = (client: Client) => client.door ?? "tcp";

describe.skipIf(needs("nft"))("people get in with", () => {
  let network: LiveNetwork;
  let gates: Record<Knocks, Gate>;
  let tap: Tap;
  const results = new Map<Cell, Promise<string>>();

  const hostOf = (client: Client) => network.host(`c${catalogue.indexOf(client)}`);

  async function tryOut({ client, knocks, family }: Cell): Promise<string> {
    const gate = gates[knocks];
    const line = commandLine(client, gate.address(family), doors[doorOf(client)].ports);
    return await gate.try(hostOf(client), line, doorOf(client), family, environment(client));
  }

  beforeAll(async () => {
    const names = catalogue.map((_, i) => `c${i}`);
    network = await LiveNetwork.open(["dropping", "refusing", "stranger", ...names]);
    gates = {
      dropped: await Gate.open(network.host("dropping"), "dropped"),
      refused: await Gate.open(network.host("refusing"), "refused"),
    };
    tap = new Tap(network.host("dropping"));
    for (const client of catalogue) {
      for (const [name, value] of Object.entries(client.settings ?? {})) {
        const path = `/proc/sys/net/ipv4/${name}`;
        // Older kernels do not have all of them, and do not need them.
        await hostOf(client).run(["sh", "-c", `test ! -e ${path} || echo ${value} >${path}`]);
      }
    }
    // The slow ones at once, the others as fast as they go.
    const able = cells.filter((cell) => missing(cell) === undefined);
    const quick = able.filter(({ client }) => client.slow !== true);
    for (const cell of able) if (!quick.includes(cell)) results.set(cell, tryOut(cell));
    const lanes: Promise<unknown>[] = Array(atOnce).fill(Promise.resolve());
    for (const [i, cell] of quick.entries()) {
      const result = (lanes[i % atOnce] ?? Promise.resolve()).then(() => tryOut(cell));
      results.set(cell, result);
      lanes[i % atOnce] = result.catch(() => {});
    }
    for (const result of results.values()) result.catch(() => {}); // Its test tells.
  });
  afterAll(async () => {
    tap?.close();
    await network?.close();
  });

  test.for(cells.map((cell) => [label(cell), cell] as const))("%s", async ([, cell], { skip }) => {
    const reason = missing(cell);
    skip(reason !== undefined, reason);
    const { client, knocks, family } = cell;
    const expected = client.fails?.(knocks, family) ?? "opens";
    expect(await results.get(cell)).toBe(expected);
  });

  test.skipIf(needs("telnet")).each([4, 6] as const)(
    "the system repeated the SYNs of telnet between the knocks, over IPv%i",
    (family) => {
      if (family === 6 && !LiveNetwork.hasIPv6) return;
      /** What came from a client before the last step of this door did. */
      const arrived = (name: string, { ports }: (typeof doors)[DoorName]) => {
        const [client] = clientsNamed(name);
        const all = client === undefined ? [] : tap.from(addressOf(hostOf(client), family));
        const steps = ports.map((port) => `tcp ${port}`);
        return { steps, before: all.slice(0, all.indexOf(steps.at(-1) ?? "")) };
      };
      const beside = arrived("telnet, left open while the next begins", doors.tcp);
      const [a, b] = beside.steps;
      // After 1, 3, 7 and 15 s; the second knock came at 8 s.
      expect(beside.before.slice(0, 4)).toEqual([a, a, a, a]);
      expect(beside.before.slice(4).sort()).toEqual([a, b, b, b, b]);
      const after = arrived("telnet, until it gives up", doors.patient);
      const [c, d] = after.steps;
      expect(after.before).toEqual([c, c, c, c, d, d, d, d]);
    },
  );

  test("but nobody who did not knock", async () => {
    const stranger = network.host("stranger");
    for (const [knocks, family] of columns) {
      if (family === 6 && !LiveNetwork.hasIPv6) continue;
      expect(await stranger.canConnect(gates[knocks].address(family), 22)).toBe("silent");
    }
  });

  test("docs/clients.md says so", async ({ skip }) => {
    const lacking = cells.map(missing).find((reason) => reason !== undefined);
    skip(lacking !== undefined, lacking);
    const rows = [];
    for (const client of catalogue) {
      const own = cells.filter((cell) => cell.client === client);
      rows.push({
        client: client.name,
        version: await versionOf(client),
        typed: client.typed(doors[doorOf(client)].ports),
        results: await Promise.all(own.map((cell) => results.get(cell) ?? "")),
      });
    }
    expect(compareRows(rows)).toEqual([]);
  });

  async function versionOf(client: Client): Promise<string> {
    const options = { ok: "any", env: environment(client) } as const;
    const { stdout, stderr } = await hostOf(client).run(["bash", "-c", client.version], options);
    return /\d+\.\d[\w.-]*/.exec(stdout + stderr)?.[0] ?? "?";
  }
});

function label({ client, knocks, family }: Cell): string {
  return `${client.name}, ports ${knocks}, IPv${family}`;
}
