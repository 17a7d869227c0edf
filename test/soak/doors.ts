// The doors of the soak, and what is written down when they open and close.
import type { Port } from "../../src/base/port.ts";
import { formatPort } from "../../src/base/port.ts";

/** Commands add a line to this file: B for an opening, E for a closing, then the door and the source. */
export interface Paths {
  readonly effects: string;
  readonly log: string;
  /** A folder for what has happened once. */
  readonly marks: string;
  readonly oneTimeList: string;
  readonly state: string;
  readonly socket: string;
}

/** The longest time that a door is open or a knock may take, and that a timer may run: milliseconds. */
export const longest = 2_000;

const tcp = (number: number): Port => ({ number, protocol: "tcp" });
const udp = (number: number): Port => ({ number, protocol: "udp" });

/** The sequences of the doors that never change. The commands of `failing` and `waiting` share a lane. */
export const sequences = {
  lease: [tcp(7011), tcp(7105), tcp(7003)],
  slow: [udp(7211), tcp(7205), udp(7203)],
  native: [tcp(7311), udp(7305), tcp(7303)],
  failing: [udp(7611), udp(7605), tcp(7603)],
  waiting: [tcp(8011), tcp(8105), udp(8003)],
  hanging: [tcp(7711), tcp(7705), udp(7703)],
} as const;

/** The n-th line of the list, from 0 on. */
export function oneTimeSequence(line: number): readonly Port[] {
  return [tcp(7411), tcp(20_000 + (line % 20_000)), tcp(41_000 + ((line * 7919) % 20_000))];
}

export function format(sequence: readonly Port[]): string {
  return sequence.map(formatPort).join(",");
}

/**
 * A configuration; with each turn other doors come and go, and a door that is there has another time,
 * while those that are relied on stay as they are.
 */
export function configuration(paths: Paths, turn: number, hasNftables: boolean): string {
  const tell = (what: string) => `echo ${what} %DOOR% %IP% >>${paths.effects}`;
  // The first time that a source is to be shut out, the command does something else.
  const second = (first: string) => {
    const mark = `${paths.marks}/%DOOR%-%IP%`;
    return `if [ -e ${mark} ]; then ${tell("E")}; else : >${mark}; ${first}; fi`;
  };
  const passing = Array.from({ length: turn % 3 }, (_, i) => {
    const commands = `start_command = true\nstop_command = true\ncmd_timeout = 1s`;
    return `[passing${i}]\nsequence = 7${8 + i}11,7${8 + i}05\nseq_timeout = 2\ntcpflags = syn\n${commands}\n`;
  });
  const native = `[native]
sequence = ${format(sequences.native)}
seq_timeout = 2
tcpflags = syn
open = tcp/22, udp/51820
open_for = 1s
protect = yes
`;
  return `[options]
LogFile = ${paths.log}
StateDir = ${paths.state}
ControlSocket = ${paths.socket}
${turn % 2 === 0 ? "MaxCommands = 64" : ""}
[lease]
sequence = ${format(sequences.lease)}
seq_timeout = 2
tcpflags = syn
serial = no
start_command = ${tell("B")}
stop_command = ${tell("E")}
cmd_timeout = 300ms
[slow]
sequence = ${format(sequences.slow)}
seq_timeout = 2
tcpflags = syn
serial = no
start_command = ${tell("B")}; sleep 5
command_timeout = 1s
stop_command = ${tell("E")}
cmd_timeout = 500ms
[failing]
sequence = ${format(sequences.failing)}
seq_timeout = 2
tcpflags = syn
start_command = ${tell("B")}
stop_command = ${second("exit 1")}
cmd_timeout = 200ms
[waiting]
sequence = ${format(sequences.waiting)}
seq_timeout = 2
tcpflags = syn
start_command = sleep 0.1; ${tell("B")}
stop_command = sleep 0.05; ${tell("E")}
cmd_timeout = 300ms
[hanging]
sequence = ${format(sequences.hanging)}
seq_timeout = 2
tcpflags = syn
serial = no
start_command = ${tell("B")}
command_timeout = 1s
stop_command = ${second("sleep 600")}
cmd_timeout = 300ms
[once]
one_time_sequences = ${paths.oneTimeList}
seq_timeout = 2
tcpflags = syn
serial = no
start_command = ${tell("B")}
stop_command = ${tell("E")}
cmd_timeout = 100ms
[changing]
sequence = 7511,7505
seq_timeout = ${1 + (turn % 2)}
tcpflags = syn
start_command = true
${hasNftables ? native : ""}${passing.join("")}`;
}
