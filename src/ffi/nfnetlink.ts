// The kernel's nf_tables over netlink(7): the elements of sets, written and read at once.
import { KnockError } from "../base/errors.ts";
import * as libc from "./libc.ts";
import type { NetlinkMessage } from "./netlink-messages.ts";
import { readError, readMessages } from "./netlink-messages.ts";
import { NetlinkSocket } from "./netlink-socket.ts";
import type { ChainState, SetChange, SetElement, SetName } from "./nft-messages.ts";
import {
  encodeBatch,
  encodeChainQuery,
  encodeFind,
  encodeList,
  encodeSetsQuery,
  encodeTableQuery,
  readChainState,
  readElements,
  readSetName,
  readTableState,
} from "./nft-messages.ts";

const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_DUMP_INTR = 0x10;
const ENOENT = 2;
const EAGAIN = 11;

/** How many times a list is requested that another process changes during the read. */
const tries = 10;

/** What of a batch the kernel refused. One refusal undoes the whole batch. */
export interface Refusal {
  /** Which change, counted from 0; below 0 or beyond the last: the batch as such. */
  readonly change: number;
  readonly errno: number;
}

/**
 * A connection to nf_tables in this process's network namespace. No call blocks: the kernel answers within
 * the system call. Needs CAP_NET_ADMIN.
 */
export class Nfnetlink {
  readonly #socket: NetlinkSocket;
  #sequence = 0;

  /** Throws FIREWALL. */
  constructor() {
    this.#socket = new NetlinkSocket("netfilter");
    // Else a refusal repeats the message that was refused, which is only longer to read.
    this.#socket.option(SOL_NETLINK, NETLINK_CAP_ACK, 1);
  }

  /** The number by which news name the changes made here. */
  get port(): number {
    return this.#socket.port;
  }

  /**
   * Carries out all changes in one transaction, or says why none was. They must be less than 150 kB,
   * so that they fit into the socket's buffer. Throws FIREWALL.
   */
  apply(changes: readonly SetChange[]): readonly Refusal[] {
    if (changes.length === 0) return [];
    const sequence = this.#reserve(changes.length + 2);
    const request = encodeBatch(changes, sequence);
    const results = this.#ask(request, sequence, changes.length + 2)
      .filter(({ type }) => type === NLMSG_ERROR)
      .map((answer) => ({ change: answer.sequence - sequence - 1, errno: readError(answer) }));
    if (results.length === 0) throw new KnockError("FIREWALL", "nf_tables did not answer");
    return results.filter(({ errno }) => errno !== 0);
  }

  /** One element; undefined if the set does not have it, or there is no such set. Throws FIREWALL. */
  find(name: SetName, key: Uint8Array): SetElement | undefined {
    const sequence = this.#reserve(1);
    const answers = this.#ask(encodeFind(name, key, sequence), sequence, 1);
    failures(answers, nameOf(name));
    return answers.flatMap(readElements)[0];
  }

  /** All elements of a set; none if there is no such set. Throws FIREWALL. */
  list(name: SetName): SetElement[] {
    const request = (sequence: number) => encodeList(name, sequence);
    return this.#dump(nameOf(name), request).flatMap(readElements);
  }

  /** Returns the names of all sets of a table; none if there is no such table. Throws FIREWALL. */
  listSets(table: string): string[] {
    const request = (sequence: number) => encodeSetsQuery(table, sequence);
    return this.#dump(`the sets of ${table}`, request).flatMap((one) => readSetName(one) ?? []);
  }

  /** Returns a chain that is in force, or `undefined` if there is none of this name. Throws FIREWALL. */
  findChain(table: string, chain: string): ChainState | undefined {
    const answer = (request: (sequence: number) => Uint8Array) => {
      const sequence = this.#reserve(1);
      const answers = this.#ask(request(sequence), sequence, 1);
      failures(answers, `the chain ${table} ${chain}`);
      return answers;
    };
    const isActive = answer((sequence) => encodeTableQuery(table, sequence)).some(readTableState);
    if (!isActive) return undefined;
    return answer((sequence) => encodeChainQuery(table, chain, sequence))
      .flatMap((one) => readChainState(one) ?? [])
      .find(({ isHooked }) => isHooked);
  }

  close(): void {
    this.#socket.close();
  }

  /** Reads a list whole; empty if what it is of is not there. */
  #dump(what: string, request: (sequence: number) => Uint8Array): NetlinkMessage[] {
    for (let i = 0; i < tries; i++) {
      const sequence = this.#reserve(1);
      const answers = this.#ask(request(sequence), sequence, 1);
      if (failures(answers, what) === ENOENT) return [];
      const complete = answers.at(-1)?.type === NLMSG_DONE;
      const changed = answers.some(({ flags }) => (flags & NLM_F_DUMP_INTR) !== 0);
      if (complete && !changed) return answers;
    }
    throw new KnockError("FIREWALL", `cannot list ${what}: it changed ${tries} times meanwhile`);
  }

  /** The first of `count` sequence numbers that were not used lately. */
  #reserve(count: number): number {
    const first = this.#sequence + count > 0x7fffffff ? 1 : this.#sequence;
    this.#sequence = first + count;
    return first;
  }

  /** Sends a request of `count` messages, and reads what answers them. */
  #ask(request: Uint8Array, sequence: number, count: number): NetlinkMessage[] {
    this.#socket.send(request);
    const answers: NetlinkMessage[] = [];
    for (;;) {
      const data = this.#socket.receive();
      if (data === EAGAIN) return answers;
      if (typeof data === "number") {
        throw libc.systemError("FIREWALL", "cannot read the answer of nf_tables", data);
      }
      // A copy, since answers outlive the socket's buffer.
      for (const answer of readMessages(new DataView(data.buffer.slice(0, data.byteLength)))) {
        const number = answer.sequence - sequence;
        if (number >= 0 && number < count) answers.push(answer);
      }
    }
  }
}

function nameOf({ table, set }: SetName): string {
  return `the set ${table} ${set}`;
}

/** ENOENT if what was asked for is not there, else 0. Throws FIREWALL for every other refusal. */
function failures(answers: readonly NetlinkMessage[], what: string): number {
  let missing = 0;
  for (const answer of answers) {
    if (answer.type !== NLMSG_ERROR && answer.type !== NLMSG_DONE) continue;
    const errno = readError(answer);
    if (errno === ENOENT) missing = errno;
    else if (errno !== 0) {
      throw libc.systemError("FIREWALL", `cannot read ${what}`, errno);
    }
  }
  return missing;
}
