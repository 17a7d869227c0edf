import { ownerName } from "../../base/access-owner.ts";
import type { Monotonic } from "../../base/time.ts";
import type { Host } from "../../capture/host.ts";
import { Ring } from "../../capture/ring.ts";
import { openRingSocket } from "../../capture/ring-socket.ts";
import type { Config } from "../../config/config.ts";
import type { RingSize } from "../../ffi/packet-socket.ts";
import type { AccessRequest } from "../../grant/lease.ts";
import type { LeaseManager } from "../../grant/lease-manager.ts";
import type { ActiveDoors } from "../active-doors.ts";
import type { ActiveUsers } from "../active-users.ts";
import type { FleetUses } from "../fleet/fleet-uses.ts";
import type { NetworkChangesParts } from "../host/network.ts";
import type { DaemonLog } from "../log/daemon-log.ts";
import type { PacketCounters } from "../metrics/packet-counters.ts";
import type { TrialKnocks } from "../protection/trial-knocks.ts";
import type { Rehearsal } from "../rehearsal.ts";
import { reportRehearsed } from "../rehearsal.ts";
import type { State } from "../state/state.ts";
import type { KeyKnocksParts, LongestPackets } from "./key-knocks.ts";
import { KeyKnocks } from "./key-knocks.ts";
import type { KnockCounters } from "./knock-counters.ts";
import { permitKnock } from "./permit.ts";

/** 16,384 frames, each for the longest packet with its headers. */
const ringSizes: Readonly<Record<LongestPackets, RingSize>> = {
  keys: { frame: 512, block: 65_536, blocks: 128 },
  fwknop: { frame: 1024, block: 65_536, blocks: 256 },
};

/** The parts of a daemon that knocks with a key reach. */
export interface KeyKnocksNeighbours extends Pick<KeyKnocksParts, "clock" | "onlyIpv4"> {
  /** `undefined` in a dry run. */
  readonly persistence: { readonly state: Pick<State, "files" | "disk"> } | undefined;
  readonly leaseManager: LeaseManager;
  readonly counters: PacketCounters;
  readonly knockCounters: KnockCounters;
  readonly trialKnocks: TrialKnocks;
  readonly users: ActiveUsers;
  readonly doors: ActiveDoors;
  readonly host: Host;
  readonly log: DaemonLog;
  readonly rehearsal: Pick<Rehearsal, "covers">;
  readonly uses: FleetUses;
}

/** Makes what opens doors by key, and connects it. No packet is looked at yet. */
export function assembleKeyKnocks(config: Config, parts: KeyKnocksNeighbours): KeyKnocks {
  const { persistence, leaseManager, counters, trialKnocks, users, doors, host } = parts;
  const { clock, log, onlyIpv4, rehearsal } = parts;
  const open = async (request: AccessRequest, time: Monotonic) => {
    const { owner, source } = request.access;
    if (rehearsal.covers(source)) {
      log.write(reportRehearsed(ownerName(owner), source));
      return;
    }
    const isOpen = await leaseManager.open(request);
    counters.countOpening(ownerName(owner), isOpen ? "opened" : "failed");
    if (isOpen) trialKnocks.recordOpening(owner, source, time);
  };
  return new KeyKnocks(config, {
    openRing: (interfaces, sink, longest) =>
      new Ring(interfaces, clock, sink, openRingSocket(ringSizes[longest])),
    file: persistence && { path: persistence.state.files.knocks, disk: persistence.state.disk },
    refuseWithoutJournal: config.options.onJournalFailure === "refuse",
    permit: (knock, now) => permitKnock(knock, { users, doors: doors.current }, now),
    devices: () => users.devices,
    uses: parts.uses,
    open,
    isOurs: (address) => host.has(address),
    isLocalSource: (source, index) => host.isLocalSource(source, index),
    ...{ onlyIpv4, clock, log },
    counters: parts.knockCounters,
    rateLimiter: log.rateLimiter,
    onInternalError: () => {
      counters.internalErrors++;
    },
  });
}

/** Returns what follows the interfaces for both rings. */
export function followBoth(ring: Ring, keyKnocks: KeyKnocks): NetworkChangesParts["ring"] {
  return {
    listen: (interfaces) => {
      ring.listen(interfaces);
      keyKnocks.listen(interfaces);
    },
    interfacesChanged: () => {
      ring.interfacesChanged();
      keyKnocks.interfacesChanged();
    },
    missing: () => ring.missing(),
    devices: () => ring.devices(),
  };
}
