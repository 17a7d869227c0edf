import type { DoorService } from "../../base/service.ts";
import type { CommandWord } from "./words.ts";

/** A rule, or an element of a set, that a command puts into a firewall or takes out of it. */
export interface RuleChange {
  readonly tool: "iptables" | "ip6tables" | "ufw" | "firewall-cmd" | "ipset" | "nft";
  readonly verb: "add" | "remove";
  /** The word that says so, and the chain that a rule is put at the end of, if it is. */
  readonly flag: CommandWord;
  readonly endOf?: string;
  /** The same text for the change that undoes this one; `undefined` if the command names a place, and not a rule. */
  readonly rule: string | undefined;
  /** The command that undoes it. */
  readonly undo: string;
  /** Whose packets it concerns: those of the source that knocks, of all sources, or of others. */
  readonly source: "knocker" | "all" | "others";
  readonly effect: "accept" | "drop" | "other";
  /** The firewall takes it back by itself after some time. */
  readonly expires?: true;
  /** Where all that matters for it is, what is missing in the command. */
  readonly missing?: MissingWord;
  readonly opens: Opens;
}

/** What a native door would open in place of a change, or why none does. */
export type Opens = { readonly services: readonly DoorService[] } | { readonly unfit: string };

/** A word without which the tool refuses the command. */
export interface MissingWord {
  readonly at: number;
  readonly message: string;
  readonly hint: string;
}

/** What the words of one command, behind the program's name, do. `undefined` if that is not known. */
export type ReadChanges = (words: readonly CommandWord[]) => readonly RuleChange[] | undefined;

export const knocker = "%IP%";

/** Returns whether a text is the address of the source that knocks, alone or as a network of one. */
export function isKnocker(text: string): boolean {
  return /^%IP%(?:\/(?:32|128|255\.255\.255\.255))?$/.test(text);
}

export function joinWords(words: readonly string[]): string {
  return words
    .filter((word) => word !== "")
    .map((word) => (/^[\w@%+:,./=!{}-]+$/.test(word) ? word : `'${word}'`))
    .join(" ");
}

/** What a rule for all packets of a source comes to. */
export const everything: Opens = { services: [{ protocol: "any" }] };
