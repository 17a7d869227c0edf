// rtnetlink(7): which interfaces are parts of others.
import { endianness } from "node:os";
import { systemError } from "./libc.ts";
import { findAttribute, MessageWriter, readMessages, readText } from "./netlink-messages.ts";
import { NetlinkSocket } from "./netlink-socket.ts";

const RTM_NEWLINK = 16;
const RTM_GETLINK = 18;
const NLM_F_REQUEST = 0x1;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_INFO_SLAVE_KIND = 4;
const IFINFOMSG = 16;
/** Where it has the index of the interface. */
const IFI_INDEX = 4;
const EAGAIN = 11;
const littleEndian = endianness() === "LE";

/** Kinds of masters in whose name the packets of their parts reach nf_tables. That of a VRF gets them a second time. */
const masters: readonly string[] = ["bridge", "bond", "team"];

/**
 * Returns the index of the bridge, bond or team that takes over what comes in on an interface; `undefined` if
 * there is none. Throws SYSTEM.
 */
export function masterOf(index: number): number | undefined {
  const fixed = new Uint8Array(IFINFOMSG);
  new DataView(fixed.buffer).setInt32(IFI_INDEX, index, littleEndian);
  const request = new MessageWriter();
  request.begin(RTM_GETLINK, NLM_F_REQUEST, 0, fixed);
  request.end();
  const socket = new NetlinkSocket("route");
  try {
    socket.send(request.written());
    const data = socket.receive();
    if (data === EAGAIN) return undefined;
    if (typeof data === "number") throw systemError("SYSTEM", "cannot read an interface", data);
    // An interface that has just gone is none's part.
    const link = readMessages(data).find(({ type }) => type === RTM_NEWLINK);
    return link && readMaster(link.body);
  } finally {
    socket.close();
  }
}

function readMaster(body: DataView): number | undefined {
  const info = findAttribute(body, IFLA_LINKINFO, IFINFOMSG);
  const kind = info && findAttribute(info, IFLA_INFO_SLAVE_KIND);
  if (kind === undefined || !masters.includes(readText(kind))) return undefined;
  const master = findAttribute(body, IFLA_MASTER, IFINFOMSG);
  return master?.byteLength === 4 ? master.getUint32(0, littleEndian) : undefined;
}
