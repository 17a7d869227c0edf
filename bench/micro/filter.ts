import { compileFilter } from "../../src/capture/filter.ts";
import { runFilter } from "../../test/support/bpf.ts";
import { address, SYN, tcpPacket } from "../../test/support/packets.ts";
import { portsOfMany } from "../doors.ts";
import { measure } from "./measure.ts";

const ends = { source: address("192.0.2.7"), destination: address("10.77.0.1") };

/** Compiling, and running in the interpreter of the tests: the kernel's takes as many steps, each much faster. */
export function measureFilter(): void {
  for (const doors of [3, 1_000]) {
    const ports = { tcp: new Set(portsOfMany(doors)), udp: new Set<number>() };
    const label = `${doors} doors of 8 ports`;
    const compilations = doors === 3 ? 500 : 20;
    const nothing = () => undefined;
    measure(`filter: compile, ${label}`, compilations, nothing, () => {
      for (let i = 0; i < compilations; i++) compileFilter(ports, [1, 2]);
    });
    const program = compileFilter(ports, [1, 2]);
    const [watched = 0] = ports.tcp;
    for (const [what, port] of [
      ["a watched port", watched],
      ["another port", 443],
    ] as const) {
      const bytes = tcpPacket(ends, { port, flags: SYN });
      const packet = { bytes, etherType: 0x0800, packetType: 0, interfaceIndex: 2 };
      measure(`filter: interpret for ${what}, ${label}`, 20_000, nothing, () => {
        for (let i = 0; i < 20_000; i++) runFilter(program, packet);
      });
    }
  }
}
