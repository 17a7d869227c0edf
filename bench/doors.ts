// The doors that are measured.

/** The knock of the README. */
export const sequence: readonly number[] = [7003, 9140, 8455];

const knock = `sequence = ${sequence.join(",")}\ntcpflags = syn`;

/** As people write them for knockd; both daemons run it. It stays open for the length of a measurement. */
export const commandDoor: string = `[ssh]
${knock}
start_command = iptables -I INPUT -s %IP% -p tcp --dport 22 -j ACCEPT
cmd_timeout = 600
stop_command = iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT
`;

/** Sesame alone has these; the kernel opens them, and knockd beside it. */
export const nativeDoor: string = `[ssh]
${knock}
open = tcp/22
open_for = 10m
protect = yes
`;

/** The same, opened by knockd alone: an option, and the door. */
export const daemonDoor: string = `KernelDoors = no\n${nativeDoor}`;

/** So many doors of eight ports each, no port twice, in no order; commands that cost nothing. */
export function manyDoors(count: number): string {
  return Array.from(
    { length: count },
    (_, i) => `[door${i}]\nsequence = ${portsOf(i).join(",")}\ntcpflags = syn\ncommand = :\n`,
  ).join("");
}

/** So many doors of three ports each, which the kernel can open, and all their ports. */
export function manyNativeDoors(count: number): {
  readonly text: string;
  readonly ports: readonly number[];
} {
  const doors = Array.from({ length: count }, (_, i) => portsOf(i).slice(0, 3));
  const opens = (i: number) => `open = tcp/${1_000 + i}\nopen_for = 10m\nprotect = yes\n`;
  const texts = doors.map(
    (ports, i) => `[door${i}]\nsequence = ${ports.join(",")}\ntcpflags = syn\n${opens(i)}`,
  );
  return { text: texts.join(""), ports: doors.flat() };
}

/** All ports of the first `count` doors, those that begin a sequence as often as the others. */
export function portsOfMany(count: number): number[] {
  return Array.from({ length: count }, (_, i) => portsOf(i)).flat();
}

/** Eight of the ports from 20,000 on; an odd factor modulo 2^13 hits each once. */
function portsOf(door: number): number[] {
  return Array.from({ length: 8 }, (_, i) => 20_000 + (((door * 8 + i) * 5_003) % 8_192));
}
