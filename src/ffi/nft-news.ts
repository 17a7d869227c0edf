// The events of nf_tables for tables, chains, rules and elements that any process removes.
import { readMessages } from "./netlink-messages.ts";
import { NetlinkSocket } from "./netlink-socket.ts";
import { removedFrom } from "./nft-messages.ts";
import { whenReadable } from "./readable.ts";

const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const NFNLGRP_NFTABLES = 7;
const ENOBUFS = 105;

/** The receive buffer in bytes: holds the events of tens of thousands of elements added at once. */
const waiting = 8 << 20;

/** Datagrams taken in one go, before timers and packets have their turn. */
const batch = 64;

/** Something was removed from a table of the family inet, or the table itself. */
export interface Removal {
  readonly table: string;
  /** The port of the socket by which it was done. */
  readonly port: number;
}

/** Subscribes to removals from the tables of this process's network namespace. Needs CAP_NET_ADMIN. */
export class NftNews {
  readonly #socket: NetlinkSocket;
  readonly #task: (news: Removal | "lost") => void;
  readonly #stop: () => void;
  #open = true;

  /** `task` hears of every removal, and "lost" when there was more news than can be kept. Throws FIREWALL. */
  constructor(task: (news: Removal | "lost") => void) {
    this.#task = task;
    this.#socket = new NetlinkSocket("netfilter", 1 << (NFNLGRP_NFTABLES - 1));
    // Without the right to it the buffer stays small: then news is "lost" more often.
    this.#socket.option(SOL_SOCKET, SO_RCVBUFFORCE, waiting);
    this.#stop = whenReadable(this.#socket.fd, () => this.#read(batch));
  }

  /** Takes what is there already, without waiting for the event loop. */
  drain(): void {
    this.#read(Number.POSITIVE_INFINITY);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#stop();
    this.#socket.close();
  }

  /** What is left over makes the socket readable again at once. */
  #read(limit: number): void {
    for (let taken = 0; taken < limit && this.#open; taken++) {
      const data = this.#socket.receive();
      if (data === ENOBUFS) this.#task("lost");
      else if (typeof data === "number") return;
      else {
        for (const message of readMessages(data)) {
          const table = removedFrom(message);
          if (table !== undefined) this.#task({ table, port: message.port });
        }
      }
    }
  }
}
