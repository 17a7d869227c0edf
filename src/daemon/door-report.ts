import { formatService } from "../base/service.ts";
import type { DoorConfig } from "../config/config.ts";
import { openedServices } from "../config/config.ts";
import type { DoorReport } from "../control/reports.ts";
import type { KernelDoorState } from "../firewall/nftables/kernel-doors.ts";
import type { Lease } from "../grant/lease.ts";
import { describe } from "../grant/logged-firewall.ts";
import type { CommandFailure, DoorActivity, DoorRecord } from "./door-activity.ts";
import type { Doors } from "./doors.ts";
import { isOpenable } from "./doors.ts";

/** What is reported of doors beside what they are. */
interface DoorFacts {
  readonly activity: DoorActivity;
  /** Of each door, whether the kernel opens it by itself. */
  readonly kernel: readonly KernelDoorState[] | undefined;
}

/** Returns what administrators see of the doors. */
export function reportDoors(
  doors: Doors,
  leases: readonly Lease[],
  { activity, kernel }: DoorFacts,
): readonly DoorReport[] {
  return doors.all.map((live, i) => {
    const { config, nth, door, decoys } = live;
    const byKernel = kernel?.[i];
    const { name, timeout, action, until } = config;
    const sequence = door?.sequence ?? [];
    const isOfDoor = ({ access: { owner } }: Lease) =>
      owner.kind === "door" && owner.name === name && owner.nth === nth;
    return {
      name,
      steps: sequence.length,
      protocols: [...new Set(sequence.map(({ protocol }) => protocol))],
      stepProtocols: sequence.map(({ protocol }) => protocol),
      decoys: decoys.length,
      timeoutMs: timeout,
      kind: action.kind,
      opens: openedServices(config).map(formatService),
      ...lastsOf(action),
      state: isOpenable(live) ? "enabled" : "disabled",
      ...(until !== undefined && { until: new Date(until) }),
      open: leases.filter(isOfDoor).length,
      ...reportRecord(activity.of(name, nth)),
      ...(byKernel && { kernel: byKernel }),
    };
  });
}

/** What a door did since the daemon started. */
function reportRecord(
  record: DoorRecord | undefined,
): Pick<DoorReport, "openings" | "lastOpening" | "commandFailures"> {
  if (record === undefined) return { openings: 0 };
  const { openings, lastOpening, failures, lastFailure } = record;
  return {
    openings,
    ...(lastOpening && { lastOpening: { ...lastOpening, time: new Date(lastOpening.time) } }),
    ...(lastFailure && { commandFailures: { count: failures, last: reportFailure(lastFailure) } }),
  };
}

function reportFailure({ time, source, result }: CommandFailure) {
  const stderr = result.kind === "not-started" ? undefined : result.stderr;
  return {
    time: new Date(time),
    source,
    reason: describe(result),
    ...(result.kind === "failed" && { exitCode: result.status }),
    ...(stderr !== undefined && { stderr }),
  };
}

/** How long a door stays open, if anything closes it. */
function lastsOf(action: DoorConfig["action"]): Pick<DoorReport, "lastsMs"> {
  if (action.kind === "native") return { lastsMs: action.openFor };
  const { stop, stop6, closeAfter } = action;
  return stop === undefined && stop6 === undefined ? {} : { lastsMs: closeAfter };
}
