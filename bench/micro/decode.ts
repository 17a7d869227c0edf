import { decode } from "../../src/decode/decode.ts";
import {
  address,
  extension,
  frameOf,
  ipv6,
  SYN,
  tcp,
  tcpPacket,
} from "../../test/support/packets.ts";
import { measure } from "./measure.ts";

const operations = 200_000;

export function measureDecode(): void {
  const four = { source: address("192.0.2.7"), destination: address("10.77.0.1") };
  const six = { source: address("2001:db8::7"), destination: address("fd77::1") };
  const segment = { port: 7003, flags: SYN };
  const frames = {
    "decode: SYN over IPv4": tcpPacket(four, segment),
    "decode: SYN over IPv6": tcpPacket(six, segment),
    "decode: SYN over IPv6 behind three extension headers": ipv6(
      { ...six, protocol: 6, extensions: [extension(0), extension(60), extension(43)] },
      tcp(segment),
    ),
    "decode: a SYN that is cut off": tcpPacket(four, segment).subarray(0, 30),
  };
  for (const [name, bytes] of Object.entries(frames)) {
    measure(
      name,
      operations,
      () => frameOf(bytes),
      (frame) => {
        for (let i = 0; i < operations; i++) decode(frame);
      },
    );
  }
}
