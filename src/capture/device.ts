import { masterOf } from "../ffi/link-master.ts";
import { interfaceName } from "../ffi/packet-socket.ts";

/** An interface as the kernel names it. */
export interface NetworkDevice {
  readonly name: string;
  /** The bridge, bond or team of which it is a port: nf_tables sees its packets come in there. */
  readonly master: string | undefined;
}

/** Returns the interface of this index; `undefined` if there is none. `fd`: a socket. Throws CAPTURE, SYSTEM. */
export function readDevice(fd: number, index: number): NetworkDevice | undefined {
  const name = interfaceName(fd, index);
  if (name === undefined) return undefined;
  const master = masterOf(index);
  return { name, master: master === undefined ? undefined : interfaceName(fd, master) };
}
