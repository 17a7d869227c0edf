import { KnockError } from "../../base/errors.ts";
import type { Entry } from "../../base/log.ts";
import { defaultConfigFile } from "../../base/paths.ts";
import { printable } from "../../base/text.ts";
import type { Config } from "../../config/config.ts";
import { loadConfig } from "../../config/load.ts";
import type { Device } from "../../config/users.ts";
import { parseUsers } from "../../config/users.ts";
import { readUsersFile } from "../../daemon/state/users-file.ts";
import { stateOwner } from "../../system/state-files.ts";
import type { Io } from "../program.ts";
import { textWidth } from "../text-width.ts";
import type { Command } from "./command.ts";
import { nobodyReads, readAddress, screenFor } from "./command.ts";
import { formatEvent, formatSummary, jsonEvent, jsonSummary } from "./replay-output.ts";
import { expectSound } from "./user/files.ts";

export const replay: Command = {
  name: "replay",
  group: "files",
  summary: "run recording through configuration",
  operands: [{ name: "FILE" }],
  description: `
    Runs a recording (pcap or pcapng, as tcpdump and Wireshark write them) through the doors of
    a configuration, and explains the effect of each packet at each door. Uses the time stamps
    of the packets, and shows them as seconds since the first one. Opens nothing, and needs no
    running knockd.

    Knocks by key need the users file. replay judges each at the time of its capture, as the
    first one. It does not say whether knockd would accept the packet now.`,
  asksDaemon: false,
  options: [
    { long: "config", argument: "FILE", help: `use this configuration [${defaultConfigFile}]` },
    {
      long: "users",
      argument: "FILE",
      help: "judge knocks by key with this users file [the one of the configuration]",
    },
    {
      long: "source",
      argument: "ADDRESS",
      help: "show only the packets of this source, also at ports that no door has",
    },
    {
      long: "address",
      argument: "OWN,...",
      help: "take these as the addresses of the recording machine [all destinations]",
    },
    {
      short: "j",
      long: "json",
      help: "print JSON: a line for each event, and one for the summary",
    },
  ],
  example: "replay knock.pcap --source 192.0.2.7",
  async run(line, io) {
    const [file = ""] = line.operands;
    const { given } = line;
    const source = given.get("source");
    const addresses = given.get("address")?.split(",");
    const options = {
      ...(source !== undefined && { source: readAddress(source) }),
      ...(addresses && { addresses: addresses.map((text) => readAddress(text.trim())) }),
    };
    const { config } = loadConfig(given.get("config") ?? defaultConfigFile, process.cwd());
    const devices = await readDevices(config, given.get("users"), io);
    const { Replay } = await import("../../daemon/replay/replay.ts");
    const run = new Replay(file, { config, ...options, ...(devices && { devices }) });
    const opened = new Map<string, number>();
    const widest = Math.max(1, ...config.doors.map(({ name }) => textWidth(printable(name))));
    const json = given.has("json");
    const screen = screenFor(line, io);
    const summarize = () =>
      io.stdout(
        json ? jsonSummary(run.summary, opened) : formatSummary(run.summary, opened, screen),
      );
    try {
      for await (const event of run) {
        for (const entry of event.entries) if (isOpening(entry)) count(opened, entry);
        io.stdout(json ? jsonEvent(event) : formatEvent(event, widest, screen));
        if (nobodyReads.aborted) return 0;
      }
    } catch (error) {
      // The file is damaged: what came before has been told.
      if (run.summary.packets > 0) summarize();
      throw error;
    }
    summarize();
    return 0;
  },
};

/**
 * Returns the devices that open doors by key; undefined, with a warning, if the users file of the
 * configuration cannot be read. Throws CONFIG.
 */
async function readDevices(
  { doors, options }: Config,
  given: string | undefined,
  io: Io,
): Promise<readonly Device[] | undefined> {
  if (doors.every(({ users }) => users.length === 0)) return undefined;
  const file = given ?? options.usersFile;
  let bytes: Uint8Array;
  try {
    bytes = await readUsersFile(file, stateOwner(options.stateDir));
  } catch (error) {
    if (given !== undefined || !(error instanceof KnockError)) throw error;
    io.stderr(`knockctl: warning: ${printable(error.message)}; knocks by key are not judged\n`);
    return undefined;
  }
  const { devices, problems } = parseUsers(Buffer.from(bytes).toString());
  expectSound({ file, problems });
  return devices;
}

function isOpening({ event, detail }: Entry): boolean {
  return event === "open" || (event === "knock" && detail?.["result"] === "accepted");
}

function count(opened: Map<string, number>, { door = "" }: Entry): void {
  opened.set(door, (opened.get(door) ?? 0) + 1);
}
