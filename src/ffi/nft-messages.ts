// What nf_tables says and is told (linux/netfilter/nfnetlink.h, nf_tables.h), as far as the elements of
// sets and the state of a chain go. Pure: bytes only.
import type { NetlinkMessage } from "./netlink-messages.ts";
import { findAttribute, MessageWriter, readAttributes, readText } from "./netlink-messages.ts";

const NLM_F_REQUEST = 0x1;
const NLM_F_ACK = 0x4;
const NLM_F_DUMP = 0x300;
const NLM_F_CREATE = 0x400;
const NLM_F_EXCL = 0x200;
const NFNL_MSG_BATCH_BEGIN = 16;
const NFNL_MSG_BATCH_END = 17;
const NFNL_SUBSYS_NFTABLES = 10;
const NFT_MSG_NEWTABLE = 0;
const NFT_MSG_GETTABLE = 1;
const NFT_MSG_NEWCHAIN = 3;
const NFT_MSG_GETCHAIN = 4;
const NFT_MSG_NEWSET = 9;
const NFT_MSG_GETSET = 10;
const NFT_MSG_NEWSETELEM = 12;
const NFT_MSG_GETSETELEM = 13;
const NFT_MSG_DELSETELEM = 14;
/** The types of news that something is gone: DELTABLE, -CHAIN, -RULE, -SET, -SETELEM, and DESTROY… of the same. */
const removals: ReadonlySet<number> = new Set([
  2,
  5,
  8,
  11,
  NFT_MSG_DELSETELEM,
  26,
  27,
  28,
  29,
  30,
]);
/** The table's name in all of them: NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, NFTA_RULE_TABLE, … */
const TABLE = 1;
const NFTA_TABLE_FLAGS = 2;
const NFT_TABLE_F_DORMANT = 1;
const NFTA_CHAIN_NAME = 3;
const NFTA_CHAIN_HOOK = 4;
const NFTA_CHAIN_USE = 6;
const NFTA_SET_NAME = 2;
const NFTA_SET_ELEM_LIST_SET = 2;
const NFTA_SET_ELEM_LIST_ELEMENTS = 3;
const NFTA_LIST_ELEM = 1;
const NFTA_SET_ELEM_KEY = 1;
const NFTA_SET_ELEM_TIMEOUT = 4;
const NFTA_SET_ELEM_EXPIRATION = 5;
const NFTA_DATA_VALUE = 1;
const NFPROTO_INET = 1;

/** struct nfgenmsg { u8 family, u8 version, u16 resource (network order) } */
const genericLength = 4;
const inet = Uint8Array.of(NFPROTO_INET, 0, 0, 0);
const batch = Uint8Array.of(0, 0, 0, NFNL_SUBSYS_NFTABLES);

/** An element of a set. A concatenated key has each field padded to four bytes. */
export interface SetElement {
  readonly key: Uint8Array;
  /** Milliseconds: how long it lives when it is added, how long it has left when it was read; undefined: for ever. */
  readonly milliseconds?: number;
  /** How long it lives from when its time began last; only of elements that were read. */
  readonly timeout?: number;
}

/** A set of a table of the family inet. */
export interface SetName {
  readonly table: string;
  readonly set: string;
}

/**
 * Adds elements (those that are there stay as they are), creates them (none may be there), or deletes
 * them (all must be there).
 */
export interface SetChange extends SetName {
  readonly kind: "add" | "create" | "delete";
  /** At most about 1,300: a list has 65,535 bytes. */
  readonly elements: readonly SetElement[];
}

const creation = { add: NLM_F_CREATE, create: NLM_F_CREATE | NLM_F_EXCL, delete: 0 } as const;

/**
 * One transaction: all changes or none. The answers to change i have the sequence number
 * `sequence` + 1 + i; the last one is acknowledged.
 */
export function encodeBatch(changes: readonly SetChange[], sequence: number): Uint8Array {
  const writer = new MessageWriter();
  writer.begin(NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, sequence, batch);
  writer.end();
  changes.forEach((change, i) => {
    const type = change.kind === "delete" ? NFT_MSG_DELSETELEM : NFT_MSG_NEWSETELEM;
    // Not at the end of the batch: kernels before 6.10 do not acknowledge that.
    const acknowledge = i === changes.length - 1 ? NLM_F_ACK : 0;
    const flags = NLM_F_REQUEST | creation[change.kind] | acknowledge;
    begin(writer, type, flags, sequence + 1 + i, change);
    writeElements(writer, change.elements);
    writer.end();
  });
  writer.begin(NFNL_MSG_BATCH_END, NLM_F_REQUEST, sequence + 1 + changes.length, batch);
  writer.end();
  return writer.written();
}

/** Asks for all elements of a set. */
export function encodeList(name: SetName, sequence: number): Uint8Array {
  const writer = new MessageWriter();
  begin(writer, NFT_MSG_GETSETELEM, NLM_F_REQUEST | NLM_F_DUMP, sequence, name);
  writer.end();
  return writer.written();
}

/** Asks for one element of a set. */
export function encodeFind(name: SetName, key: Uint8Array, sequence: number): Uint8Array {
  const writer = new MessageWriter();
  begin(writer, NFT_MSG_GETSETELEM, NLM_F_REQUEST, sequence, name);
  writeElements(writer, [{ key }]);
  writer.end();
  return writer.written();
}

/** Asks for the state of a table of the family inet. */
export function encodeTableQuery(table: string, sequence: number): Uint8Array {
  return encodeQuery(NFT_MSG_GETTABLE, sequence, (writer) => writer.text(TABLE, table));
}

/** Asks for the state of a chain of such a table. */
export function encodeChainQuery(table: string, chain: string, sequence: number): Uint8Array {
  return encodeQuery(NFT_MSG_GETCHAIN, sequence, (writer) => {
    writer.text(TABLE, table);
    writer.text(NFTA_CHAIN_NAME, chain);
  });
}

/** Asks for all sets of such a table. */
export function encodeSetsQuery(table: string, sequence: number): Uint8Array {
  const fill = (writer: MessageWriter) => writer.text(TABLE, table);
  return encodeQuery(NFT_MSG_GETSET, sequence, fill, NLM_F_DUMP);
}

function encodeQuery(
  type: number,
  sequence: number,
  fill: (writer: MessageWriter) => void,
  flags = 0,
): Uint8Array {
  const writer = new MessageWriter();
  writer.begin(nftType(type), NLM_F_REQUEST | flags, sequence, inet);
  fill(writer);
  writer.end();
  return writer.written();
}

/** Returns whether the chains of a table are in force, or `undefined` if the answer is about something else. */
export function readTableState({ type, body }: NetlinkMessage): boolean | undefined {
  if (type !== nftType(NFT_MSG_NEWTABLE)) return undefined;
  const flags = readU32(findAttribute(body, NFTA_TABLE_FLAGS, genericLength)) ?? 0;
  return (flags & NFT_TABLE_F_DORMANT) === 0;
}

/** Returns the name of the set that an answer describes, or `undefined` if the answer is about something else. */
export function readSetName({ type, body }: NetlinkMessage): string | undefined {
  if (type !== nftType(NFT_MSG_NEWSET)) return undefined;
  const name = findAttribute(body, NFTA_SET_NAME, genericLength);
  return name === undefined ? undefined : readText(name);
}

/** A chain as the kernel has it. */
export interface ChainState {
  /** Packets go through it. */
  readonly isHooked: boolean;
  readonly rules: number;
}

/** Returns the chain that an answer describes, or `undefined` if the answer is about something else. */
export function readChainState({ type, body }: NetlinkMessage): ChainState | undefined {
  if (type !== nftType(NFT_MSG_NEWCHAIN)) return undefined;
  return {
    isHooked: findAttribute(body, NFTA_CHAIN_HOOK, genericLength) !== undefined,
    // The kernel counts what refers to a chain: its rules, and jumps, which a hooked chain cannot have.
    rules: readU32(findAttribute(body, NFTA_CHAIN_USE, genericLength)) ?? 0,
  };
}

function readU32(value: DataView | undefined): number | undefined {
  return value === undefined || value.byteLength < 4 ? undefined : value.getUint32(0);
}

function readU64(value: DataView | undefined): number | undefined {
  return value === undefined || value.byteLength < 8 ? undefined : Number(value.getBigUint64(0));
}

/** The elements in an answer; none if it is about something else. */
export function readElements({ type, body }: NetlinkMessage): SetElement[] {
  if (type !== nftType(NFT_MSG_NEWSETELEM)) return [];
  const list = findAttribute(body, NFTA_SET_ELEM_LIST_ELEMENTS, genericLength);
  if (list === undefined) return [];
  return readAttributes(list).flatMap((element) => {
    const data = findAttribute(element, NFTA_SET_ELEM_KEY);
    const value = data === undefined ? undefined : findAttribute(data, NFTA_DATA_VALUE);
    if (value === undefined) return [];
    const key = new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
    const left = readU64(findAttribute(element, NFTA_SET_ELEM_EXPIRATION));
    const timeout = readU64(findAttribute(element, NFTA_SET_ELEM_TIMEOUT));
    return [
      {
        key,
        ...(left !== undefined && { milliseconds: left }),
        ...(timeout !== undefined && { timeout }),
      },
    ];
  });
}

/** The table of which this news says that something in it was removed, or all of it; undefined: it says something else. */
export function removedFrom({ type, body }: NetlinkMessage): string | undefined {
  if (type >> 8 !== NFNL_SUBSYS_NFTABLES || !removals.has(type & 0xff)) return undefined;
  if (body.byteLength < genericLength || body.getUint8(0) !== NFPROTO_INET) return undefined;
  const name = findAttribute(body, TABLE, genericLength);
  return name === undefined ? undefined : readText(name);
}

function begin(
  writer: MessageWriter,
  type: number,
  flags: number,
  sequence: number,
  { table, set }: SetName,
): void {
  writer.begin(nftType(type), flags, sequence, inet);
  writer.text(TABLE, table);
  writer.text(NFTA_SET_ELEM_LIST_SET, set);
}

function writeElements(writer: MessageWriter, elements: readonly SetElement[]): void {
  writer.nest(NFTA_SET_ELEM_LIST_ELEMENTS, () => {
    for (const { key, milliseconds } of elements) {
      writer.nest(NFTA_LIST_ELEM, () => {
        writer.nest(NFTA_SET_ELEM_KEY, () => writer.bytes(NFTA_DATA_VALUE, key));
        if (milliseconds !== undefined) writer.u64(NFTA_SET_ELEM_TIMEOUT, milliseconds);
      });
    }
  });
}

function nftType(type: number): number {
  return (NFNL_SUBSYS_NFTABLES << 8) | type;
}
