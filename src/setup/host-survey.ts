// What `knockctl doctor` finds of this machine, whatever the configuration.
import { release } from "node:os";
import { findManagers } from "../firewall/foreign/managers.ts";
import { readHostRules } from "../firewall/foreign/rulesets.ts";
import { protectionRuleset } from "../firewall/nftables/nft-ruleset.ts";
import { isClockSynchronized } from "../system/clock-state.ts";
import type { HostInterface } from "../system/interfaces.ts";
import { hostInterfaces } from "../system/interfaces.ts";
import type { ProgramResult } from "../system/run-program.ts";
import { complaint, runProgram } from "../system/run-program.ts";

export interface HostSurvey {
  /** The version of Linux. */
  readonly kernel: string;
  readonly nft: NftSurvey;
  /** Firewall managers that have rules in the kernel, such as ufw. */
  readonly managers: readonly string[];
  /** `undefined`: the kernel does not say. */
  readonly isClockSynchronized: boolean | undefined;
  readonly interfaces: readonly HostInterface[];
}

interface NftSurvey {
  /** `undefined`: nft is not there. */
  readonly version: string | undefined;
  /** Why the kernel or nft would refuse the rules of a protection; `undefined`: they take them, or it is not known. */
  readonly refusal: string | undefined;
}

/** The protection that is tried has a name of its own: nothing is loaded all the same. */
const trialTable = "sesame-doctor";

/** Milliseconds that nft may take. */
const timeout = 5_000;

/** Looks at this machine. Changes nothing; takes 5 s at most. */
export async function surveyHost(): Promise<HostSurvey> {
  const [nft, { tables }] = await Promise.all([surveyNft(), readHostRules()]);
  return {
    kernel: release(),
    nft,
    managers: findManagers(tables),
    isClockSynchronized: isClockSynchronized(),
    interfaces: hostInterfaces(),
  };
}

async function surveyNft(): Promise<NftSurvey> {
  const version = await runProgram(["nft", "--version"], { timeout });
  if (version.code !== 0) return { version: undefined, refusal: undefined };
  const services = [{ protocol: "tcp", port: 22 } as const, { protocol: "icmp" } as const];
  const input = protectionRuleset(services, trialTable);
  const checked = await runProgram(["nft", "--check", "-f", "-"], { timeout, input });
  return { version: readVersion(version.stdout), refusal: describeRefusal(checked) };
}

/** `nftables v1.0.6 (Lester Gooch #5)` */
function readVersion(text: string): string {
  return /v(\d[\w.]*)/.exec(text)?.[1] ?? "unknown";
}

function describeRefusal(checked: ProgramResult): string | undefined {
  if (checked.code === 0 || process.geteuid?.() !== 0) return undefined;
  return checked.code === 124 ? undefined : complaintOf(checked);
}

/** nft names the line that it does not like first, and shows the line below. */
function complaintOf(result: ProgramResult): string {
  const [first = ""] = result.stderr.trim().split("\n");
  return first === "" ? complaint(result) : first.replace(/^\/dev\/stdin:[\d:-]+\s*/, "");
}
