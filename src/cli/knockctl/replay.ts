import type { Entry } from "../../base/log.ts";
import { defaultConfigFile } from "../../base/paths.ts";
import { printable } from "../../base/text.ts";
import { loadConfig } from "../../config/load.ts";
import type { Command } from "./command.ts";
import { jsonOption, nobodyReads, onlyOperand, readAddress } from "./command.ts";
import { formatEvent, formatSummary, jsonEvent, jsonSummary } from "./replay-output.ts";

const usage = `usage: knockctl replay FILE [options]

Runs a recording (pcap or pcapng, as tcpdump and Wireshark write them) through the doors of a
configuration, by the packets' own clock, and explains what each packet did at each door.
Opens nothing, and needs no running knockd. Times are seconds since the first packet.

  --config FILE      the configuration (default: ${defaultConfigFile})
  --source ADDRESS   tell only what concerns this source, also where no door has its port
  --address OWN,...  the addresses of the machine that recorded (default: every destination
                     counts as its own)
  --json             print JSON: a line each for what happened, and one for the summary
  --help             print this text
`;

export const replay: Command = {
  name: "replay",
  summary: "run a recording through a configuration, and explain each packet",
  usage,
  options: [
    { long: "config", argument: "FILE" },
    { long: "source", argument: "ADDRESS" },
    { long: "address", argument: "OWN,..." },
    jsonOption,
  ],
  async run(line, io) {
    const file = onlyOperand(line);
    const { given } = line;
    const source = given.get("source");
    const addresses = given.get("address")?.split(",");
    const options = {
      ...(source !== undefined && { source: readAddress(source) }),
      ...(addresses && { addresses: addresses.map((text) => readAddress(text.trim())) }),
    };
    const { config } = loadConfig(given.get("config") ?? defaultConfigFile, process.cwd());
    const { Replay } = await import("../../daemon/replay/replay.ts");
    const run = new Replay(file, { config, ...options });
    const opened = new Map<string, number>();
    const widest = Math.max(1, ...config.doors.map(({ name }) => printable(name).length));
    const json = given.has("json");
    const summarize = () =>
      io.stdout(json ? jsonSummary(run.summary, opened) : formatSummary(run.summary, opened));
    try {
      for await (const event of run) {
        for (const entry of event.entries) if (entry.event === "open") count(opened, entry);
        io.stdout(json ? jsonEvent(event) : formatEvent(event, widest));
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

function count(opened: Map<string, number>, { door = "" }: Entry): void {
  opened.set(door, (opened.get(door) ?? 0) + 1);
}
