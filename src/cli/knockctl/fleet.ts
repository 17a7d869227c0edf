import { defaultConfigFile } from "../../base/paths.ts";
import { printable } from "../../base/text.ts";
import type { Command } from "./command.ts";
import { usageError } from "./command.ts";
import { makeFleetKeyCommand } from "./fleet/key.ts";

export const fleet: Command = {
  name: "fleet",
  group: "look",
  summary: "show the gateways of the fleet, or make its key",
  operands: [{ name: "key" }],
  description: `
    key makes the file with the key of the fleet and a password for the store, or leaves the one that is there.
    It prints the line for the ACL file of the store, and what to copy to the other gateways
    (docs/fleet.md). It never prints the key.`,
  asksDaemon: false,
  options: [
    { long: "config", argument: "FILE", help: `use this configuration [${defaultConfigFile}]` },
  ],
  example: "fleet key",
  async run(line, io) {
    const [action = ""] = line.operands;
    if (action === "key") return await makeFleetKeyCommand(line, io);
    throw usageError(`there is no action "${printable(action)}"`, "knockctl fleet key");
  },
};
