// SO_PEERCRED of unix(7): the process at the other end of a connection.
import type { Socket } from "node:net";
import { endianness } from "node:os";
import * as libc from "./libc.ts";

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

/** A process at the moment when it connected. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Returns the process that made a connection over a unix socket. Throws SYSTEM. */
export function peerOf(socket: Socket): PeerCredentials {
  // struct ucred { pid_t pid; uid_t uid; gid_t gid; }
  const value = new Uint8Array(12);
  const length = libc.int32(value.length);
  if (libc.getsockopt(descriptorOf(socket), SOL_SOCKET, SO_PEERCRED, value, length) !== 0) {
    throw libc.systemError("SYSTEM", "cannot find out who is at the other end of a socket");
  }
  const fields = new DataView(value.buffer);
  const littleEndian = endianness() === "LE";
  return {
    pid: fields.getInt32(0, littleEndian),
    uid: fields.getUint32(4, littleEndian),
    gid: fields.getUint32(8, littleEndian),
  };
}

/** Returns the descriptor of Node's private handle, or -1, which every call rejects, when it is closed. */
function descriptorOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, "_handle");
  const fd: unknown =
    typeof handle === "object" && handle !== null ? Reflect.get(handle, "fd") : undefined;
  return typeof fd === "number" ? fd : -1;
}
