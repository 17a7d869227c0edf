import { expect, test } from "vitest";
import { byCommands, byKernel } from "../../test/support/accesses.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { MemoryLog } from "../../test/support/memory-log.ts";
import { SlowFirewall, settled } from "../../test/support/slow-firewall.ts";
import type { Access } from "../firewall/firewall.ts";
import type { AccessEvent } from "./access-event.ts";
import { LeaseManager } from "./lease-manager.ts";
import { Ledger } from "./ledger.ts";

const alice = "alice/laptop";

function make() {
  const clock = new ManualClock();
  const firewall = new SlowFirewall();
  const told: string[] = [];
  const events: AccessEvent[] = [];
  const leaseManager = new LeaseManager({
    ...{ firewall, clock, log: new MemoryLog(), ledger: new Ledger() },
    ...{ journal: undefined, locks: undefined, maxCommands: 64, refuseWithoutJournal: false },
    onAccess: (event) => events.push(event),
    witness: {
      opened: ({ source }, holder, due) => told.push(`${source} ${holder} until ${due}`),
      ran: ({ source }, holder) => told.push(`${source} ${holder} ran`),
    },
  });
  const open = async (access: Access, length = 1000) => {
    void leaseManager.open({ access, length, again: "extend" });
    await settled();
  };
  return { clock, firewall, leaseManager, told, events, open };
}

const opens = "open ssh 192.0.2.7";
const from = { origin: "gw-2", knock: undefined } as const;

test("of doors of the kernel it hears when they are open, and of longer stays", async () => {
  const { firewall, open, told, clock } = make();
  await open(byKernel({ who: alice }));
  expect(told).toEqual([]);
  await firewall.end(opens);
  expect(told).toEqual([`192.0.2.7 ${alice} until 1000`]);
  clock.advance(500);
  await open(byKernel());
  expect(told.slice(1)).toEqual(["192.0.2.7  until 1500"]);
});

test("of doors of commands it hears before the command ends, and once more of the end", async () => {
  const { firewall, open, told, clock } = make();
  await open(byCommands());
  expect(told).toEqual(["192.0.2.7  until 1000"]);
  clock.advance(300);
  await firewall.end(opens);
  expect(told.slice(1)).toEqual(["192.0.2.7  until 1300"]);
});

test("it hears of commands that nothing undoes", async () => {
  const { open, told } = make();
  await open(byCommands({}, { stop: undefined }));
  await open({ ...byCommands({}, { stop: undefined }), ...from });
  expect(told).toEqual(["192.0.2.7  ran"]);
});

test("it hears nothing of what the fleet opened, until it is extended here", async () => {
  const { firewall, open, told, events, leaseManager, clock } = make();
  await open({ ...byKernel(), ...from });
  await firewall.end(opens);
  await open({ ...byKernel(), ...from }, 2000);
  clock.advance(100);
  expect(told).toEqual([]);
  expect(events).toMatchObject([
    { kind: "opened", by: "knock", origin: "gw-2" },
    { kind: "extended", by: "knock", origin: "gw-2" },
  ]);
  const lease = leaseManager.find(byKernel());
  if (lease === undefined) throw new Error("no lease");
  void leaseManager.extend(lease, 5000);
  expect(told).toEqual(["192.0.2.7 knockctl until 5100"]);
  expect(events.at(-1)).not.toHaveProperty("origin");
});

test("a lease that is gone says so", async () => {
  const { firewall, open, leaseManager } = make();
  await open(byKernel());
  await firewall.end(opens);
  const lease = leaseManager.find(byKernel());
  if (lease === undefined) throw new Error("no lease");
  let isGone = false;
  void leaseManager.gone(lease).then(() => (isGone = true));
  void leaseManager.leave(lease, "");
  await settled();
  expect(isGone).toBe(false);
  await firewall.end("close ssh 192.0.2.7", { kind: "failed", status: 1 });
  expect(isGone).toBe(false);
  expect(leaseManager.holders).toBe(1);
  void leaseManager.close(lease);
  await firewall.end("close ssh 192.0.2.7");
  expect(isGone).toBe(true);
  expect(leaseManager.holders).toBe(0);
  await leaseManager.gone(lease);
});
