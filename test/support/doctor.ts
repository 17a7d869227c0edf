import type { DaemonFacts, DoctorFacts } from "../../src/cli/knockctl/doctor/facts.ts";
import type { DoctorQuestion } from "../../src/cli/knockctl/doctor/findings.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { ManualClock } from "./manual-clock.ts";
import { MemoryHandlers } from "./memory-handlers.ts";

/** The doors of `doctorFacts`. */
export const doctorConfig = `
[options]
interface = eth0
[ssh]
sequence = 7003,9140:udp,8455
seq_timeout = 5s
tcpflags = syn
open = tcp/22
open_for = 10m
`;

/** A machine on which all is well, and its daemon. */
export function doctorFacts(
  changes: Partial<DoctorFacts> = {},
  daemonChanges: Partial<DaemonFacts> = {},
): DoctorFacts {
  const { config } = parseConfig(doctorConfig);
  const handlers = new MemoryHandlers(new ManualClock());
  const doors = handlers.doors().filter(({ name }) => name === "ssh");
  return {
    checked: { file: "/etc/knockd.conf", usable: true, doors: 1, problems: [] },
    config,
    unreadable: undefined,
    survey: {
      kernel: "6.1.0-18-amd64",
      nft: { version: "1.0.6", refusal: undefined },
      managers: [],
      isClockSynchronized: true,
      interfaces: [
        { name: "eth0", isUp: true, addresses: ["192.0.2.1"] },
        { name: "lo", isUp: true, addresses: ["127.0.0.1"] },
      ],
    },
    daemon: {
      status: { ...handlers.status(), interfaces: ["eth0"], ignored: [], problems: [] },
      doors,
      blocked: [],
      isConfigStale: false,
      isInThisNetwork: true,
      ...daemonChanges,
    },
    startCommand: "systemctl enable --now knockd",
    ...changes,
  };
}

/** An administrator who asks about the door ssh. */
export const doctorQuestion: DoctorQuestion = {
  door: "ssh",
  source: undefined,
  typed: (command) => `sudo knockctl ${command}`,
};
