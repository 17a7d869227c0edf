// What the console tells its page: JSON, and how one state differs from the next. Pure, and shared with the page.

/** A door of the daemon, and who may open it. */
export interface ConsoleDoor {
  readonly name: string;
  /** What it opens, as `tcp/22`; empty if it runs commands. */
  readonly opens: readonly string[];
  readonly kind: "native" | "command";
  /** Absent if nothing closes it. */
  readonly lastsMs?: number;
  readonly state: "enabled" | "disabled";
  /** When it ends. */
  readonly until?: string;
  /** Sources that it is open for. */
  readonly open: number;
  readonly openings: number;
  /** Steps of its sequence, with which any source opens it; 0: none. */
  readonly steps: number;
  /** The devices that open it by key. */
  readonly devices: readonly string[];
  /** The networks from which it opens; absent: from all. */
  readonly from?: readonly string[];
  readonly lastOpening?: {
    readonly time: string;
    readonly source: string;
    readonly by: string;
    readonly who?: string;
  };
  /** Whether `knockctl rotate` can change its sequence. */
  readonly rotates: boolean;
}

/** Something that is open. */
export interface ConsoleLease {
  readonly key: string;
  readonly door: string;
  readonly source: string;
  readonly by: readonly string[];
  /** Moments, in milliseconds since 1970, of this host's clock. */
  readonly since: number;
  readonly until: number;
  readonly state: "opening" | "open" | "closing";
  readonly kind: "native" | "command";
  /** Why it could not be closed. */
  readonly failure?: string;
  /** The gateway of the fleet that opened it; absent: this one. */
  readonly gateway?: string;
  /** The gateways of the fleet where it is open; absent without a fleet. */
  readonly openAt?: readonly string[];
}

/** A gateway of the fleet. */
export interface ConsoleGateway {
  readonly name: string;
  /** It is the one of this console. */
  readonly here: boolean;
  readonly state: "up" | "away";
  /** Its last sign of life, if it is away. */
  readonly seen?: number;
  readonly leases: number;
  /** Entries of the fleet's log that it has not read; absent if unknown. */
  readonly behind?: number;
  /** How far its date is ahead: milliseconds. */
  readonly clockMs?: number;
  /** What it has otherwise than this gateway. */
  readonly differences: readonly string[];
}

/** The fleet of this gateway. */
export interface ConsoleFleet {
  readonly name: string;
  readonly store: string;
  readonly state: "up" | "down";
  readonly since: number;
  readonly problem?: string;
  readonly waiting: number;
  readonly gateways: readonly ConsoleGateway[];
  /** Leases that other gateways have and this one has not. */
  readonly elsewhere: number;
}

export interface ConsoleProblem {
  readonly message: string;
  readonly hints: readonly string[];
}

/** A device of the users file. */
export interface ConsoleDevice {
  readonly name: string;
  readonly state: "enabled" | "disabled" | "expired";
  readonly doors: readonly string[];
  /** The last day, in UTC. */
  readonly expires?: string;
  readonly keys: readonly ConsoleKey[];
}

export interface ConsoleKey {
  readonly id: string;
  readonly lastKnock?: {
    readonly time: string;
    readonly source: string;
    /** How far the clock of the device was ahead: milliseconds. */
    readonly offsetMs: number;
  };
  readonly refusals: number;
}

/** What was counted in a minute. */
export interface ConsoleMinute {
  readonly time: string;
  readonly packets: number;
  readonly steps: number;
  readonly openings: number;
  readonly refusals: number;
}

/** Parts of the view that are sent as a whole when they change. */
export interface ConsoleSections {
  readonly host: {
    readonly name: string;
    readonly release: string;
    readonly configFile: string;
    readonly startedAt: number;
    readonly protects: readonly string[];
    readonly received: number;
    readonly dropped: number;
  };
  /** Why the rest is old, and since when; null while the daemon answers. */
  readonly lost: { readonly why: string; readonly since: number } | null;
  readonly problems: readonly ConsoleProblem[];
  readonly doors: readonly ConsoleDoor[];
  /** Knocks under way: the first number counts those at stage 1. */
  readonly knocks: readonly number[];
  readonly ignored: readonly { readonly source: string; readonly until: number }[];
  readonly devices: readonly ConsoleDevice[];
  readonly traffic: readonly ConsoleMinute[];
  /** null: this gateway is in no fleet. */
  readonly fleet: ConsoleFleet | null;
}

/** A line of the daemon's log. */
export interface ConsoleLine {
  readonly time: string;
  readonly level: string;
  readonly message: string;
}

/** One event of the stream to a page. */
export interface ConsoleEvent {
  /** This host's clock. */
  readonly now: number;
  readonly sections: Partial<ConsoleSections>;
  /** Leases that are new or have changed. */
  readonly put: readonly ConsoleLease[];
  /** Keys of those that are gone. */
  readonly gone: readonly string[];
  readonly lines: readonly ConsoleLine[];
}

/** A state of the view, with each part as the JSON that is compared and sent. */
export interface ConsoleView {
  readonly sections: ReadonlyMap<keyof ConsoleSections, string>;
  readonly leases: ReadonlyMap<string, string>;
}

export const emptyView: ConsoleView = { sections: new Map(), leases: new Map() };

/** Returns the parts of a view as JSON. */
export function toView(
  sections: Partial<ConsoleSections>,
  leases: readonly ConsoleLease[],
): ConsoleView {
  return {
    sections: new Map(
      Object.entries(sections).map(([name, value]) => [
        name as keyof ConsoleSections,
        JSON.stringify(value),
      ]),
    ),
    leases: new Map(leases.map((lease) => [lease.key, JSON.stringify(lease)])),
  };
}

/** Returns the JSON of the event that makes `before` into `after`; undefined if they are alike. */
export function formatChange(
  before: ConsoleView,
  after: ConsoleView,
  lines: readonly ConsoleLine[],
  now: number,
): string | undefined {
  const sections = [...after.sections].filter(([name, json]) => before.sections.get(name) !== json);
  const put = [...after.leases].filter(([key, json]) => before.leases.get(key) !== json);
  const gone = [...before.leases.keys()].filter((key) => !after.leases.has(key));
  if (sections.length + put.length + gone.length + lines.length === 0) return undefined;
  const parts = sections.map(([name, json]) => `${JSON.stringify(name)}:${json}`);
  const leases = put.map(([, json]) => json);
  return (
    `{"now":${now},"sections":{${parts.join()}},"put":[${leases.join()}],` +
    `"gone":${JSON.stringify(gone)},"lines":${JSON.stringify(lines)}}`
  );
}
