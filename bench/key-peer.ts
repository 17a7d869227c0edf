import type { BenchTestBed, Shut } from "./test-bed.ts";
import type { Usage } from "./usage.ts";

/** A daemon that opens `doorPort` for packets of the keys that it was started with. */
export interface KeyDaemon {
  /** How many packets it has accepted. */
  accepted(): number;
  /** Packets that its ring lost; undefined if it does not count them. */
  readLost(): Promise<number | undefined>;
  usage(): Usage;
  /** As `BenchDaemon.ownMemory`. */
  ownMemory(): number;
  stop(): Promise<void>;
}

/** A client's program: how it knocks with the first key. */
export interface KeyClient {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Good packets that a daemon is offered. */
interface GoodPackets {
  /** How many a second, and in all. */
  readonly rate: number;
  readonly count: number;
  /** From how many addresses, in one run each: the first is what counts. */
  readonly sources: readonly number[];
}

/** One of the systems that are compared: what its daemon and its packets are. */
export interface KeyPeer {
  readonly label: "Sesame" | "fwknopd" | "Sesame, packets of fwknop";
  /** The UDP port of its packets, and the bytes of each. */
  readonly port: number;
  readonly payloadLength: number;
  /** How the server is shut beside it. */
  readonly shut: Shut;
  /** Floods that tell what it can bear, packets a second; 0 is as fast as the generator goes. */
  readonly rates: readonly number[];
  readonly offered: GoodPackets;
  /** Its daemon knows networks: each client has knocked from its own before a flood. */
  readonly hasNetworks?: true;
  /** `counting`: with what `readLost` needs, which is more than its package configures. */
  start(stage: BenchTestBed, keyCount: number, counting?: "counting"): Promise<KeyDaemon>;
  /** Makes a packet of a key, from 0 on; `time` in milliseconds since 1970. */
  seal(key: number, time: number): Uint8Array;
  /** Makes a packet that looks like one, of no key. */
  makeStranger(): Uint8Array;
  /** Writes what its client needs to `folder`. */
  prepareClient(stage: BenchTestBed, folder: string): Promise<KeyClient>;
}
