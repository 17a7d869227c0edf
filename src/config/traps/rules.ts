// Rules of firewalls that do not do what a door is for.
import type { RuleChange } from "../commands/rule-change.ts";
import type { Problem } from "../problem.ts";
import type { CommandPair, DoorCommand, DoorCommands } from "./door-commands.ts";
import { warnAt } from "./door-commands.ts";

/** Chains through which packets come anyway. */
const usualChain = /INPUT|FORWARD|input|forward/;

/** Of one kind, for one command. */
const mostWarnings = 20;

/** All that is to be said of the rules that a door's commands change. */
export function ruleTraps({ all, starts, pairs }: DoorCommands): Problem[] {
  return [
    ...starts.flatMap(appends),
    ...starts.flatMap(opensForAll),
    ...all.flatMap(refused),
    ...pairs.flatMap(notUndone),
  ];
}

/** A rule that opens, but comes after one that drops. */
function appends({ directive, known }: DoorCommand): Problem[] {
  return known.changes.slice(0, mostWarnings).flatMap(({ tool, flag, endOf, effect, verb }) => {
    if (endOf === undefined || verb !== "add" || effect !== "accept") return [];
    if (!usualChain.test(endOf)) return [];
    const message = `${flag.text} puts the rule at the end of ${endOf}: behind one that drops it opens nothing`;
    const hint = tool === "nft" ? `insert rule … ${endOf}` : `-I ${endOf}`;
    return [warnAt(directive, flag.at, message, hint)];
  });
}

/** A rule that accepts every source, or no longer drops the others. */
function opensForAll({ directive, known }: DoorCommand): Problem[] {
  const change = known.changes.find(opensAll);
  if (change === undefined) return [];
  const message = `${change.flag.text} opens for every source: the rule has no %IP%`;
  return [warnAt(directive, change.flag.at, message, sourceWords[change.tool])];
}

function opensAll({ source, effect, verb }: RuleChange): boolean {
  return source === "all" && effect === (verb === "add" ? "accept" : "drop");
}

const sourceWords: Readonly<Record<RuleChange["tool"], string>> = {
  iptables: "-s %IP%",
  ip6tables: "-s %IP%",
  ufw: "allow from %IP% to any port …",
  "firewall-cmd": `--add-rich-rule='rule family="ipv4" source address="%IP%" …'`,
  ipset: "%IP%",
  nft: "ip saddr %IP%",
};

/** A command that its tool does not take. */
function refused({ directive, known }: DoorCommand): Problem[] {
  return known.changes
    .slice(0, mostWarnings)
    .flatMap(({ missing }) =>
      missing === undefined ? [] : [warnAt(directive, missing.at, missing.message, missing.hint)],
    );
}

/** A rule that stays when the door closes. Nothing is said of commands that are not known. */
function notUndone({ start, stop }: CommandPair): Problem[] {
  if (start === undefined || stop === undefined || !stop.known.isComplete) return [];
  const undone = stop.known.changes;
  const left = [...lastChanges(start.known.changes)].find(
    ([rule, { verb, expires }]) =>
      expires === undefined &&
      !undone.some((change) => change.rule === rule && change.verb !== verb),
  );
  if (left === undefined) return [];
  const [, { undo }] = left;
  const byNumber = undone.find(({ rule, verb }) => rule === undefined && verb === "remove");
  const message = "the stop command does not undo the start command";
  const byPlace = "the stop command deletes what stands at this number, which may be another rule";
  if (byNumber === undefined) return [warnAt(stop.directive, 0, message, undo)];
  return [warnAt(stop.directive, byNumber.flag.at, byPlace, undo)];
}

/** What a command has done in the end to each rule. */
function lastChanges(changes: readonly RuleChange[]): ReadonlyMap<string, RuleChange> {
  return new Map(
    changes.flatMap((change) =>
      change.rule === undefined ? [] : [[change.rule, change] as const],
    ),
  );
}
