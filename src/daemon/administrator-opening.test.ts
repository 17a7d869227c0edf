import { expect, test } from "vitest";
import { byCommands, byKernel } from "../../test/support/accesses.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { MemoryLog } from "../../test/support/memory-log.ts";
import { SlowFirewall, settled } from "../../test/support/slow-firewall.ts";
import type { Access, FirewallResult } from "../firewall/firewall.ts";
import { LeaseManager } from "../grant/lease-manager.ts";
import { Ledger } from "../grant/ledger.ts";
import { openForAdministrator } from "./administrator-opening.ts";
import { DoorActivity } from "./door-activity.ts";

function make() {
  const clock = new ManualClock(Date.UTC(2026, 10, 28, 14, 31, 4));
  const firewall = new SlowFirewall();
  const activity = new DoorActivity(clock);
  const leaseManager = new LeaseManager({
    ...{ firewall, clock, log: new MemoryLog(), ledger: new Ledger(), maxCommands: 10 },
    ...{ journal: undefined, locks: undefined, refuseWithoutJournal: false },
    onAccess: (event) => activity.record(event),
  });
  const ask = (access: Access) =>
    openForAdministrator(
      { access, length: 1000, again: "extend" },
      { clock, leaseManager, activity },
    );
  const end = async (result: FirewallResult) => {
    await settled();
    await firewall.end("open ssh 192.0.2.7", result);
  };
  return { clock, activity, ask, end };
}

const once = byCommands({}, { start: "false", stop: undefined });
const failed = { kind: "failed", status: 2, stderr: "iptables: no chain" } as const;

test("an opening whose command succeeds is done when that has ended", async () => {
  const { ask, end, activity } = make();
  const opening = ask(once);
  await end({ kind: "done" });
  expect(await opening).toBe("opened");
  expect(activity.problems).toEqual([]);
});

test.each([
  ["that nothing undoes", once, []],
  [
    "with a stop command",
    byCommands({}, { start: "false", stop: "true" }),
    ["its stop command runs all the same: knockctl leases"],
  ],
])("a command %s that fails is an error, with what it wrote", async (_, access, hints) => {
  const { ask, end } = make();
  const opening = expect(ask(access)).rejects.toMatchObject({
    code: "COMMAND",
    message: '"ssh" for 192.0.2.7: command returned non-zero status code (2): iptables: no chain',
    hints,
  });
  await end(failed);
  await opening;
});

test("what the kernel refuses is an error", async () => {
  const { ask, end } = make();
  const opening = expect(ask(byKernel())).rejects.toMatchObject({ code: "COMMAND", hints: [] });
  await end({ kind: "not-started", reason: "no table" });
  await opening;
});

test("a command is waited for no longer than five seconds", async () => {
  const { ask, end, clock } = make();
  const opening = ask(once);
  await settled();
  clock.advance(5000);
  expect(await opening).toBe("running");
  await end(failed);
});
