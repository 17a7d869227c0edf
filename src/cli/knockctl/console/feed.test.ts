import { expect, test, vi } from "vitest";
import { startServer } from "../../../../test/support/control-server.ts";
import { knownFleet } from "../../../../test/support/known-fleet.ts";
import { ManualClock } from "../../../../test/support/manual-clock.ts";
import type { ControlClient } from "../../../control/client.ts";
import { ConsoleFiles } from "./devices.ts";
import type { FeedParts } from "./feed.ts";
import { ConsoleFeed } from "./feed.ts";
import type { ConsoleSections, ConsoleView } from "./view.ts";

async function start(parts: Partial<FeedParts> = {}) {
  const server = await startServer();
  const clock = new ManualClock(Date.UTC(2026, 10, 22, 13, 26, 5));
  const views: ConsoleView[] = [];
  const feed = new ConsoleFeed({
    ...{ clock, connect: server.connect, files: new ConsoleFiles(server.path) },
    findProblems: async () => [],
    onView: (view) => void views.push(view),
    onLine: () => {},
    ...parts,
  });
  const section = <K extends keyof ConsoleSections>(name: K): ConsoleSections[K] | undefined => {
    const json = views.at(-1)?.sections.get(name);
    return json === undefined ? undefined : JSON.parse(json);
  };
  return { ...server, clock, feed, views, section };
}

test("a page that leaves while the console connects leaves no connection", async () => {
  let finish = (_: ControlClient) => {};
  const connect = () => new Promise<ControlClient>((resolve) => (finish = resolve));
  const { feed, connect: open, connections, views } = await start({ connect });
  feed.start();
  feed.stop();
  finish(await open());
  await expect.poll(connections).toBe(0);
  expect(views).toEqual([]);
});

test("the daemon is asked once a second, for the traffic once a minute, and not while no page looks", async () => {
  const { feed, clock, handlers, views, connections } = await start();
  const [keys, traffic] = [vi.spyOn(handlers, "keys"), vi.spyOn(handlers, "traffic")];
  feed.start();
  await expect.poll(() => views.length).toBe(1);
  for (let i = 0; i < 59; i++) {
    clock.advance(1000);
    await expect.poll(() => views.length).toBe(i + 2);
  }
  expect([keys.mock.calls.length, traffic.mock.calls.length]).toEqual([60, 1]);
  clock.advance(1000);
  await expect.poll(() => views.length).toBe(61);
  expect(traffic).toHaveBeenCalledTimes(2);
  feed.stop();
  await expect.poll(connections).toBe(0);
  clock.advance(10_000);
  expect(keys).toHaveBeenCalledTimes(61);
});

test("a fleet is shown: its gateways, what differs, and where a lease is open", async () => {
  const { feed, handlers, section, views } = await start();
  handlers.knownFleet = knownFleet;
  const status = { ...handlers.status(), fleet: knownFleet };
  vi.spyOn(handlers, "status").mockReturnValue(status);
  feed.start();
  await expect.poll(() => views.length).toBe(1);
  const fleet = section("fleet");
  expect(fleet?.gateways.map(({ name }) => name)).toEqual(
    knownFleet.gateways.map(({ name }) => name),
  );
  expect(fleet?.gateways.some(({ state, seen }) => state === "away" && seen !== undefined)).toBe(
    true,
  );
  expect(fleet?.gateways.flatMap(({ differences }) => differences).length).toBeGreaterThan(0);
  const [shared] = knownFleet.leases ?? [];
  const leases = [...(views.at(-1)?.leases.values() ?? [])].map((json) => JSON.parse(json));
  const lease = leases.find(
    ({ door, source }) => door === shared?.door && source === `${shared?.source}`,
  );
  expect(lease?.openAt).toEqual(shared?.openAt);
});
