import { formatService } from "../../../base/service.ts";
import { printable } from "../../../base/text.ts";
import { parseConfig } from "../../../config/parse.ts";
import { nativeKernelDoors } from "../../../daemon/configured-kernel-doors.ts";
import { difference, readable } from "../../../setup/difference.ts";
import { decode } from "../../../setup/paths.ts";
import type { SetupPlan } from "../../../setup/plan.ts";
import type { StartMethod } from "../../../setup/service-control.ts";
import { startCommand } from "../../../setup/service-control.ts";
import { ufwCommand } from "../../../setup/ufw.ts";
import { wrap } from "../../help.ts";
import { initWords } from "../../words/init.ts";
import { localize } from "../../words/korean.ts";
import { describeKernelDoor } from "../kernel-doors.ts";
import { formatDoor, formatStrength } from "./output.ts";

/** Returns the doors that `init` plans, what they are worth, and the changes of files. */
export async function formatPlan(plan: SetupPlan): Promise<string> {
  const { paths, doors, before, after, device } = plan;
  const diff = await difference(paths.config, decode(before ?? Buffer.alloc(0)), decode(after));
  const words = initWords();
  const change =
    diff === ""
      ? `${words.unchanged(printable(paths.config))}\n`
      : `${words.gets(printable(paths.config))}\n\n${readable(diff)}`;
  const { config } = parseConfig(decode(after));
  const names = new Set(doors.map(({ door }) => door.name));
  const kernel = (config === undefined ? [] : nativeKernelDoors(config))
    .filter(({ door }) => names.has(door))
    .map((door) => wrap(`${localize(describeKernelDoor(door))}.`));
  const opened = doors.map((door) => formatDoor(door, device?.name)).join("");
  const key = device?.enrolment;
  const users =
    key === undefined
      ? ""
      : `${words.getsLock(printable(key.usersFile), printable(device?.name ?? ""))}\n`;
  return `\n${opened}${kernel.join("")}${formatStrength(plan)}\n${change}${users}\n`;
}

/** Returns what follows on the changes. */
export function formatNext(
  { paths, doors, ufw }: SetupPlan,
  method: StartMethod | undefined,
  isProven: boolean,
  isOnTrial: boolean,
): string {
  const services = doors.map(({ service }) => formatService(service)).join(", ");
  const words = initWords();
  const start = method === undefined ? words.reload : startCommand(method, paths.config);
  const knock = isProven ? `${words.proof}; ` : "";
  const allow = ufw.map((service) => `${ufwCommand(service)}; `).join("");
  const end = isOnTrial ? words.protectedOnTrial(services) : words.protectedNow(services);
  return `${wrap(words.next(`${printable(start)}; ${allow}${knock}${end}`))}\n`;
}
