import type { Entry } from "../../base/log.ts";
import { defaultConfigFile } from "../../base/paths.ts";
import { printable } from "../../base/text.ts";
import { loadConfig } from "../../config/load.ts";
import { textWidth } from "../text-width.ts";
import type { Command } from "./command.ts";
import { nobodyReads, readAddress, screenFor } from "./command.ts";
import { formatEvent, formatSummary, jsonEvent, jsonSummary } from "./replay-output.ts";

export const replay: Command = {
  name: "replay",
  group: "files",
  summary: "run a recording through a configuration",
  operands: [{ name: "FILE" }],
  description: `
    Runs a recording (pcap or pcapng, as tcpdump and Wireshark write them) through the doors of
    a configuration, by the packets' own clock, and explains what each packet did at each door.
    Opens nothing, and needs no running knockd. Times are seconds since the first packet.`,
  asksDaemon: false,
  options: [
    { long: "config", argument: "FILE", help: `use this configuration [${defaultConfigFile}]` },
    {
      long: "source",
      argument: "ADDRESS",
      help: "show only what concerns this source, also where no door has its port",
    },
    {
      long: "address",
      argument: "OWN,...",
      help: "take these for the addresses of the machine that recorded [all destinations]",
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
    const { Replay } = await import("../../daemon/replay/replay.ts");
    const run = new Replay(file, { config, ...options });
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
        for (const entry of event.entries) if (entry.event === "open") count(opened, entry);
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

function count(opened: Map<string, number>, { door = "" }: Entry): void {
  opened.set(door, (opened.get(door) ?? 0) + 1);
}
