import { resolve } from "node:path";
import { humanDuration } from "../../../base/duration.ts";
import { defaultConfigFile } from "../../../base/paths.ts";
import { printable } from "../../../base/text.ts";
import { isDeviceName } from "../../../config/principals.ts";
import { withDaemonAt } from "../../../setup/running-daemon.ts";
import type { Io } from "../../program.ts";
import type { CommandLine } from "../command.ts";
import { nobodyReads, usageError } from "../command.ts";
import { interruption } from "../interruption.ts";
import { knockWatcher } from "./knock-watcher.ts";
import { pathsOf } from "./paths.ts";

/** How long it watches: milliseconds. */
const watchTime = 300_000;

/** Runs `knockctl user watch`. */
export async function watchUserCommand(line: CommandLine, user: string, io: Io): Promise<number> {
  if (!isDeviceName(user)) {
    throw usageError(`"${printable(user)}" is not PERSON/DEVICE`, "for example alice/laptop");
  }
  const file = resolve(line.given.get("config") ?? defaultConfigFile);
  const { paths } = pathsOf(file, line.given.get("socket"));
  let count = 0;
  const show = (text: string) => {
    count++;
    io.stdout(text);
  };
  const watcher = knockWatcher([user], show, line, io);
  await withDaemonAt(paths, async (daemon) => {
    const { remainingMs, ports } = await daemon.ask("watchUser", { user, forMs: watchTime });
    const end = AbortSignal.any([nobodyReads, interruption(), AbortSignal.timeout(remainingMs)]);
    const where = `at UDP port ${ports.join(", ")}`;
    const watching = daemon.watch(watcher, end);
    const time = humanDuration(remainingMs);
    io.stderr(`waiting for knocks of ${user} ${where}, for ${time}; Ctrl-C ends\n`);
    await watching;
    await daemon.ask("watchUser", { user, end: true });
    if (count > 0) return;
    io.stderr(`no knock of ${user} came ${where}\n`);
    io.stderr("knockctl: hint: a firewall or network on the way may drop it\n");
    io.stderr("knockctl: hint: knockctl user show lists its keys; the device may have another\n");
  });
  return 0;
}
