import { humanDuration } from "../../base/duration.ts";
import type { StatusProblem } from "../../base/status-problem.ts";
import { formatStore } from "../../base/store-address.ts";
import { plural } from "../../base/text.ts";
import type { WallTime } from "../../base/time.ts";
import type { GatewayDifference } from "../../fleet/configuration.ts";
import type { FleetState } from "../../fleet/fleet-state.ts";
import type { RosterEntry } from "../../fleet/roster.ts";
import type { FleetSettings } from "./settings.ts";

/** Gateways that a sentence names, at most. */
const mostNames = 10;

/** What the problems follow from. */
export interface FleetCondition {
  readonly settings: FleetSettings;
  readonly state: FleetState;
  readonly gateways: readonly RosterEntry[];
  /** Since when the store is there, or is away. */
  readonly since: WallTime;
  readonly wall: WallTime;
}

/** Returns what is wrong with the fleet. */
export function fleetProblems(condition: FleetCondition): StatusProblem[] {
  return [...storeProblems(condition), ...differenceProblems(condition)];
}

function storeProblems({ settings, state, since, wall }: FleetCondition): StatusProblem[] {
  const { isJoined, failure, waiting, facts, clockJump } = state;
  const store = `the store ${formatStore(settings.store)}`;
  const wait = waiting === 0 ? "" : `; ${plural(waiting, "change")} wait to be told`;
  const problem = (message: string, ...hints: string[]): StatusProblem => ({
    ...{ code: "fleet", message: `fleet: ${message}` },
    ...(hints.length > 0 && { hints }),
  });
  if (!isJoined) {
    const away = humanDuration(Math.max(1000, Math.floor((wall - since) / 1000) * 1000));
    const why = failure === undefined ? "" : `: ${failure}`;
    const alone = `${store} is away for ${away}${why}: this gateway goes on alone${wait}`;
    return [problem(alone, "knockctl fleet shows the gateways as they were")];
  }
  const policy = facts?.maxmemoryPolicy;
  return [
    ...(failure === undefined ? [] : [problem(`${failure}${wait}`)]),
    ...(policy === undefined || policy === "noeviction"
      ? []
      : [
          problem(
            `${store} may drop leases when it is full: its maxmemory-policy is ${policy}`,
            "set maxmemory-policy noeviction",
          ),
        ]),
    ...(clockJump === 0
      ? []
      : [problem(`the clock of ${store} jumped by ${humanDuration(Math.abs(clockJump))}`)]),
  ];
}

const what: Readonly<Record<GatewayDifference["what"], readonly [text: string, hint: string]>> = {
  users: ["another users file", "copy the users file to all gateways, and reload"],
  "knock-port": ["another KnockPort", "set the same KnockPort at all gateways"],
  freshness: ["another Freshness", "set the same Freshness at all gateways"],
  "door-users": ["other users of the door", "give the door the same Users at all gateways"],
  sequences: ["another sequence of the door", "give the door the same sequence at all gateways"],
  list: ["another one-time list of the door", "copy the list to all gateways, and reload"],
  clock: ["another date", "let all gateways follow a time service: chrony, NTP"],
  name: ["the name of another gateway", "give each gateway its own GatewayName"],
};

/** A sentence for each kind of difference. */
function differenceProblems({ gateways, settings }: FleetCondition): StatusProblem[] {
  const names = new Map<string, { readonly one: GatewayDifference; readonly at: string[] }>();
  for (const { name, differences } of gateways.filter(({ isUp }) => isUp)) {
    for (const one of differences) {
      const key = `${one.what} ${one.door ?? ""}`;
      const known = names.get(key) ?? { one, at: [] };
      known.at.push(name);
      names.set(key, known);
    }
  }
  return [...names.values()].map(({ one, at }) => {
    const [text, hint] = what[one.what];
    const door = one.door === undefined ? "" : ` "${one.door}"`;
    const more = at.length > mostNames ? ` and ${at.length - mostNames} more` : "";
    const listed = `${at.slice(0, mostNames).join(", ")}${more}`;
    const message =
      one.what === "name"
        ? `fleet: another gateway has the name "${settings.gateway}", too`
        : `fleet: ${text}${door} than here: ${listed}`;
    return {
      ...{ code: "fleet-differs", message, hints: [hint] },
      ...(one.door !== undefined && { door: one.door }),
    } satisfies StatusProblem;
  });
}
