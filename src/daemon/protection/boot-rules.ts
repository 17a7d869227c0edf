import { createHash } from "node:crypto";
import { isErrno, reason } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Service } from "../../base/service.ts";
import type { ServicesBehind } from "../../firewall/behind.ts";
import { nothingBehind } from "../../firewall/behind.ts";
import { bootProtection, tableOfBoot } from "../../firewall/nftables/boot-protection.ts";
import type { FileReplacer } from "../../system/file-replacer.ts";
import type { StateFiles } from "../../system/state-files.ts";
import type { DaemonKernelDoors } from "../kernel-doors.ts";

export interface BootRulesParts {
  /** The name of our table. */
  readonly table: string;
  readonly replacer: FileReplacer;
  /** `undefined`: the kernel opens no doors by itself. */
  readonly kernelDoors: Pick<DaemonKernelDoors, "bootRuleset"> | undefined;
  readonly log: Log;
}

/** The files of rules that protect and open doors early in the next boot, before this program runs. */
export class BootRules {
  readonly #path: string;
  readonly #doorsPath: string;
  readonly #table: string;
  readonly #files: FileReplacer;
  readonly #kernelDoors: BootRulesParts["kernelDoors"];
  readonly #log: Log;
  #problem: string | undefined;

  constructor({ boot, bootDoors }: Pick<StateFiles, "boot" | "bootDoors">, parts: BootRulesParts) {
    const { table, replacer, kernelDoors, log } = parts;
    this.#files = replacer;
    this.#path = boot;
    this.#doorsPath = bootDoors;
    this.#kernelDoors = kernelDoors;
    this.#table = table;
    this.#log = log;
  }

  /** Why the next boot does not begin with the protection that is in force. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Resolves to whether the file exists, or may. */
  async exist(): Promise<boolean> {
    const found = await this.#find();
    return found === "yes" || found === "unknown";
  }

  /** "hidden": this user may not look there, and so cannot have written the file. */
  async #find(): Promise<"yes" | "no" | "hidden" | "unknown"> {
    try {
      return (await this.#files.read(this.#path)) === undefined ? "no" : "yes";
    } catch (error) {
      return isErrno(error, "EACCES") ? "hidden" : "unknown";
    }
  }

  /** Resolves to the table of an earlier configuration; `undefined` if there is none, or it is not known. */
  async otherTable(): Promise<string | undefined> {
    const text = await this.#files.read(this.#path).catch(() => undefined);
    const table = text === undefined ? undefined : tableOfBoot(text);
    return table === this.#table ? undefined : table;
  }

  /** Makes the next boot protect these services. What fails is in the log, and a problem from then on. */
  async replace(
    services: readonly Service[],
    behind: ServicesBehind = nothingBehind,
  ): Promise<void> {
    try {
      const rules =
        services.length === 0 ? undefined : bootProtection(services, behind, this.#table);
      // Not where no file is seen: one may be waiting to be written.
      if (rules !== undefined || (await this.#find()) !== "hidden") {
        await this.#replaceBoth(rules, rules && this.#doorsFor(rules, services, behind));
      }
      this.#problem = undefined;
    } catch (error) {
      const text = `the next boot begins with another protection: ${reason(error)}`;
      // It is tried again: a line for each try would hide other lines.
      if (text !== this.#problem)
        this.#log.write({ level: "error", event: "protect-failed", text });
      this.#problem = text;
    }
  }

  /** Returns the rules that open doors. Their first line says to which protection they belong: a boot loads no others. */
  #doorsFor(
    rules: string,
    services: readonly Service[],
    behind: ServicesBehind,
  ): string | undefined {
    const doors = this.#kernelDoors?.bootRuleset({ services, behind }, this.#table)?.text;
    if (doors === undefined) return undefined;
    return `# goes with ${createHash("sha256").update(rules).digest("hex")}\n${doors}`;
  }

  /** Replaces both files so that a crash in between leaves a protection without doors, never old doors. */
  async #replaceBoth(rules: string | undefined, doors: string | undefined): Promise<void> {
    const isSame = (await this.#files.read(this.#doorsPath)) === doors;
    if (!isSame) await this.#files.replace(this.#doorsPath, undefined);
    await this.#files.replace(this.#path, rules);
    if (!isSame) await this.#files.replace(this.#doorsPath, doors);
  }
}
