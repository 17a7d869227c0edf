import { describe, expect, test } from "vitest";
import { parseConfig } from "../parse.ts";
import { findRootNeeds } from "./root-needs.ts";

function needs(text: string): string[] {
  const parsed = parseConfig(text);
  if (parsed.config === undefined) throw new Error(JSON.stringify(parsed.problems));
  return findRootNeeds(parsed.config, parsed).map(
    ({ directive, reason }) => `${directive?.line}: ${reason}`,
  );
}

const native = "[ssh]\nsequence = 7003,9140,8455\nopen = tcp/22\nopen_for = 30s\n";

describe("a configuration needs root", () => {
  test.each([
    ["a command", "[a]\nsequence = 7003,9140\ncommand = true\n", ["3: door 'a' runs a command"]],
    [
      "a command for IPv6",
      "[a]\nsequence = 7003,9140\nstart_command_6 = true\ncommand = id\n",
      ["4: door 'a' runs a command"],
    ],
    [
      "a hook that is a command",
      `${native}on_open = echo %IP%\non_close = https://example.org/x\n`,
      ["5: door 'ssh' runs a command when it opens"],
    ],
    ["a hook of all doors", `[options]\nOnClose = true\n${native}`, ["2: OnClose runs a command"]],
    [
      "a list of one-time sequences",
      "[a]\none_time_sequences = /etc/knockd.list\nopen = tcp/22\nopen_for = 30s\n",
      ["2: door 'a' changes its file of sequences"],
    ],
    [
      "a log file",
      `[options]\nLogFile = /var/log/knockd.log\n${native}`,
      ["2: LogFile is neither in /var/lib/knockd nor in /run/knockd"],
    ],
    [
      "a users file in a home",
      `[options]\nKnockPort = 23547\nUsers = /root/knock.users\n${native}users = alice\n`,
      ["3: Users is in a folder of users or of temporary files"],
    ],
    [
      "a fleet file in a home",
      `[options]\nFleet = redis://10.0.0.5\nFleetFile = /home/admin/fleet\n${native}`,
      ["3: FleetFile is in a folder of users or of temporary files"],
    ],
    ["ipset", `[options]\nFirewall = ipset\n${native}`, ["2: Firewall = ipset needs root"]],
  ])("for %s", (_, text, expected) => {
    expect(needs(text)).toEqual(expected);
  });

  test.each([
    ["native doors", native],
    ["webhooks", `${native}on_open = https://example.org/x\n`],
    ["files of its own", `[options]\nLogFile = /var/lib/knockd/log\n${native}`],
    ["no door", "[options]\nUseSyslog\n"],
  ])("not for %s", (_, text) => {
    expect(needs(text)).toEqual([]);
  });
});
