// How nf_tables notices sources that scan: chains of the program in kernel-program.ts.
import type { KernelDoor } from "./kernel-doors.ts";
import { families } from "./kernel-sets.ts";
import {
  differs,
  forget,
  grouped,
  hearingRule,
  port,
  retransmissionRule,
  setOf,
  unique,
} from "./rule-text.ts";

/** How long touches of decoys count, and scanners are ignored: longer than in src/match, since the kernel rounds down. */
export const scannerTime = "61s";

/** What is no scan is not heard of: a packet like it may be one. */
export function rulesOfTouch(doors: readonly KernelDoor[]): string[] {
  const decoys = doors.flatMap((door) =>
    door.decoys
      .filter(({ protocol }) => protocol === "tcp")
      .map(({ number, local }) => ({ number: `${number}`, local, flags: door.flags })),
  );
  const likeAnswer = (test: string, numbers: readonly string[]) =>
    `tcp flags & (rst | ack) != 0 ${test}tcp dport ${setOf(unique(numbers))} return`;
  const local = decoys.filter((decoy) => decoy.local).map(({ number }) => number);
  const byPort = grouped(
    decoys.filter((decoy) => !decoy.local),
    ({ number }) => number,
  );
  // A touch has the flags of a knock at one of the doors.
  const byTests = grouped(byPort, ([, some]) =>
    unique(some.map(({ flags }) => `${differs(flags)} `)).join(""),
  );
  return [
    ...(local.length > 0 ? [likeAnswer("", local)] : []),
    ...byTests.map(([tests, some]) =>
      likeAnswer(
        tests,
        some.map(([number]) => number),
      ),
    ),
    ...families.flatMap(({ version, saddr }) => [
      retransmissionRule(version, saddr),
      hearingRule(version, saddr),
    ]),
    "goto decoy",
  ];
}

/**
 * Three decoys make a scanner. Each touch renews all times of its source: so a source is ignored at least as
 * long as in src/match. A rule whose set is full ends there: a packet that comes to the last one may be of a
 * scanner that is not noticed.
 */
export const rulesOfDecoy: readonly string[] = families.flatMap(({ version, saddr }) => {
  const touch = `${saddr} . ${port}`;
  const renew = (set: string, key: string = saddr) =>
    `update @${set}${version} { ${key} timeout ${scannerTime} }`;
  return [
    forget(version),
    `${saddr} @ignored${version} ${renew("ignored")} return`,
    `${touch} @touched${version} ${renew("touched", touch)} ${renew("once")}`,
    `${touch} @touched${version} ${saddr} @twice${version} ${renew("twice")} return`,
    `${touch} @touched${version} ${saddr} @once${version} return`,
    `${saddr} @twice${version} ${renew("ignored")} return`,
    renew("touched", touch),
    `${saddr} @once${version} ${saddr} != @twice${version} ${renew("once")} ${renew("twice")} return`,
    `${saddr} != @once${version} ${saddr} != @twice${version} ${renew("once")} return`,
    `meta nfproto ipv${version} update @blind { meta nfproto timeout ${scannerTime} }`,
  ];
});
