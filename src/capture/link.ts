/** Why a record holds no packet for this host. */
export type NoPacket =
  /** Another protocol, such as ARP. */
  | "not-ip"
  /** Not even the link's header was recorded. */
  | "cut-off"
  /** Sent by the machine that recorded it. */
  | "outgoing"
  /** Sent by one other machine to another. */
  | "other-host";

/** Where the IP header begins, counted from the beginning of the record. */
interface IpStart {
  readonly ip: number;
  /** The index of the interface it came in by, if the link's header has it; else 0. */
  readonly interfaceIndex: number;
  /** Whether the link is the recording machine's loopback interface, as far as its header tells. */
  readonly isLoopback: boolean;
}

/** Finds the IP header behind the link's header in `length` bytes of `data` from `start` on. Pure; never throws. */
export type LinkReader = (data: DataView, start: number, length: number) => IpStart | NoPacket;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
/** IEEE 802.1Q, 802.1ad, and what was used for QinQ before that. */
const vlanTags = new Set([0x8100, 0x88a8, 0x9100]);
/** More tags than this are no honest frame. */
const mostTags = 4;

/** AF_INET, and AF_INET6 as Linux, NetBSD and OpenBSD, FreeBSD and Darwin number it. */
const ipFamilies = new Set([2, 10, 24, 28, 30]);

/** RFC 1661 §2, RFC 1332, RFC 5072; the byte alone where the protocol field is compressed. */
const pppIp = new Set([0x0021, 0x0057]);
const HDLC_ADDRESS_AND_CONTROL = 0xff03;

/** linux/if_packet.h */
const PACKET_OTHERHOST = 3;
const PACKET_OUTGOING = 4;
/** linux/if_arp.h: the protocol is one of netlink's then. */
const ARPHRD_NETLINK = 824;
const ARPHRD_LOOPBACK = 772;

/** How to read packets of a link type (numbers: www.tcpdump.org/linktypes.html); undefined: we cannot. */
export function linkReader(linkType: number): LinkReader | undefined {
  return readers.get(linkType);
}

const readers = new Map<number, LinkReader>([
  [0, (data, start, length) => loopback(data, start, length)], // NULL
  [1, (data, start, length) => ethernet(data, start, length)], // ETHERNET
  [9, (data, start, length) => ppp(data, start, length)], // PPP
  [12, () => at(0)], // RAW, as most systems number it inside
  [14, () => at(0)], // RAW, as OpenBSD does
  [101, () => at(0)], // RAW
  [108, (data, start, length) => loopback(data, start, length)], // LOOP
  [113, (data, start, length) => cooked(data, start, length)], // LINUX_SLL
  [228, () => at(0)], // IPV4
  [229, () => at(0)], // IPV6
  [276, (data, start, length) => cooked2(data, start, length)], // LINUX_SLL2
]);

function at(ip: number, isLoopback = false, interfaceIndex = 0): IpStart {
  return { ip, interfaceIndex, isLoopback };
}

/** Linux gives both hardware addresses of its loopback interface as zeros. */
function ethernet(data: DataView, start: number, length: number): IpStart | NoPacket {
  const isLoopback =
    length >= 12 && [0, 4, 8].every((offset) => data.getUint32(start + offset) === 0);
  return behindTags(data, start, length, 12, isLoopback);
}

/** The Ethernet protocol type stands at `offset`, or tags do. */
function behindTags(
  data: DataView,
  start: number,
  length: number,
  offset: number,
  isLoopback: boolean,
): IpStart | NoPacket {
  for (let i = 0; i <= mostTags; i++) {
    const type = offset + i * 4;
    if (length < type + 2) return "cut-off";
    const protocol = data.getUint16(start + type);
    if (protocol === ETHERTYPE_IPV4 || protocol === ETHERTYPE_IPV6) {
      return at(type + 2, isLoopback);
    }
    if (!vlanTags.has(protocol)) return "not-ip";
  }
  return "not-ip";
}

/** The address family is in the recording machine's byte order (NULL) or the network's (LOOP). */
function loopback(data: DataView, start: number, length: number): IpStart | NoPacket {
  if (length < 4) return "cut-off";
  const isIp = ipFamilies.has(data.getUint32(start)) || ipFamilies.has(data.getUint32(start, true));
  return isIp ? at(4, true) : "not-ip";
}

/** With the address and control bytes of RFC 1662 before it, or without. */
function ppp(data: DataView, start: number, length: number): IpStart | NoPacket {
  if (length < 4) return "cut-off";
  const protocol = data.getUint16(start) === HDLC_ADDRESS_AND_CONTROL ? 2 : 0;
  if (pppIp.has(data.getUint8(start + protocol))) return at(protocol + 1);
  return pppIp.has(data.getUint16(start + protocol)) ? at(protocol + 2) : "not-ip";
}

function cooked(data: DataView, start: number, length: number): IpStart | NoPacket {
  if (length < 16) return "cut-off";
  const hardware = data.getUint16(start + 2);
  if (hardware === ARPHRD_NETLINK) return "not-ip";
  const not = notForUs(data.getUint16(start));
  return not ?? behindTags(data, start, length, 14, hardware === ARPHRD_LOOPBACK);
}

function cooked2(data: DataView, start: number, length: number): IpStart | NoPacket {
  if (length < 20) return "cut-off";
  const hardware = data.getUint16(start + 8);
  if (hardware === ARPHRD_NETLINK) return "not-ip";
  const not = notForUs(data.getUint8(start + 10));
  if (not !== undefined) return not;
  const interfaceIndex = data.getInt32(start + 4);
  const isLoopback = hardware === ARPHRD_LOOPBACK;
  const protocol = data.getUint16(start);
  if (protocol === ETHERTYPE_IPV4 || protocol === ETHERTYPE_IPV6) {
    return at(20, isLoopback, interfaceIndex);
  }
  // A tag's own two bytes begin the payload here, and the next protocol type follows them.
  if (!vlanTags.has(protocol)) return "not-ip";
  const found = behindTags(data, start, length, 22, isLoopback);
  return typeof found === "string" ? found : { ...found, interfaceIndex };
}

function notForUs(packetType: number): NoPacket | undefined {
  if (packetType === PACKET_OUTGOING) return "outgoing";
  return packetType === PACKET_OTHERHOST ? "other-host" : undefined;
}
