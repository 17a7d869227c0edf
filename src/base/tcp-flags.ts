/** TCP's flag bits (RFC 9293 §3.1) that knockd has names for. */
export const tcpFlags = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32 } as const;

/** Which TCP flags must be set and which must not: `(flags & mask) === value`. */
export interface FlagTest {
  readonly mask: number;
  readonly value: number;
}

/** Returns what a test asks for, flag by flag: `SYN`, `!ACK`. */
export function formatFlagTest({ mask, value }: FlagTest): string[] {
  return Object.entries(tcpFlags).flatMap(([name, bit]) => {
    if ((mask & bit) === 0) return [];
    return [value & bit ? name : `!${name}`];
  });
}
