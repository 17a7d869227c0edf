// IP packets with lies in them, for the targets that read packets.
import { Address } from "../../src/base/address.ts";
import type { SeededRandom } from "../differential/random.ts";
import type { Extension } from "../support/packets.ts";
import { ipv4, ipv6, TCP, tcp, UDP, udp } from "../support/packets.ts";

/** Ports of the doors that targets have, most of all. */
const ports: readonly number[] = [7000, 8000, 9000, 1];

const kinds = [0, 43, 44, 51, 60, 135, 139, 140];
const protocols = [TCP, UDP, TCP, UDP, TCP, UDP, 1, 4, 41, 50, 58, 59, 132, ...kinds];

const sourcesV4 = [0xc0000207, 0xc0000208, 0x00000001, 0xe0000001, 0xefffffff, 0xffffffff];
const sourcesV6 = [
  new Address(0x20010db8, 0, 0, 7),
  new Address(0, 0, 0, 0),
  new Address(0, 0, 0, 1),
  new Address(0, 0, 0xffff, 0xc0000207),
  new Address(0, 0, 0xffff0000, 1),
  new Address(0xff020000, 0, 0, 1),
  new Address(0xfe800000, 0, 0, 1),
];

/** A packet of any kind that could be a knock; each of its lengths may lie, and it may be cut off. */
export function packet(random: SeededRandom): Uint8Array {
  const whole = random.percent(50) ? packetV4(random) : packetV6(random);
  if (random.percent(80)) return whole;
  return whole.subarray(0, random.from(0, whole.length));
}

function packetV4(random: SeededRandom): Uint8Array {
  const protocol = random.pick(protocols);
  const fields = {
    source: Address.v4(random.percent(80) ? 0xc0000207 : random.pick(sourcesV4)),
    destination: Address.v4(random.percent(90) ? 0xc0000201 : random.from(0, 0xffffffff)),
    protocol,
    ...(random.percent(30) && { options: bytes(random, 40) }),
    ...(random.percent(15) && { fragmentOffset: random.pick([0, 1, 2, 0xfff, 0x1fff]) }),
    ...(random.percent(10) && { moreFragments: true }),
    ...(random.percent(15) && { words: random.from(0, 15) }),
    ...(random.percent(20) && { totalLength: lie(random) }),
  };
  return ipv4(fields, carried(random, protocol));
}

function packetV6(random: SeededRandom): Uint8Array {
  const protocol = random.pick(protocols);
  const most = random.percent(80) ? 3 : 20;
  return ipv6(
    {
      source: random.percent(80) ? new Address(0x20010db8, 0, 0, 7) : random.pick(sourcesV6),
      destination: random.percent(90) ? new Address(0x20010db8, 0, 0, 1) : random.pick(sourcesV6),
      protocol,
      extensions: random.several(0, most, () => extensionHeader(random)),
      ...(random.percent(20) && { payloadLength: lie(random) }),
    },
    carried(random, protocol),
  );
}

/** Of one to four units of eight bytes; its second byte tells the truth or does not. */
function extensionHeader(random: SeededRandom): Extension {
  const header = random.pick(kinds);
  const units = header === 44 ? 1 : random.from(1, random.percent(90) ? 2 : 4);
  const rest = new Uint8Array(units * 8 - 1);
  const said = header === 51 ? units * 2 - 2 : units - 1;
  rest[0] = random.percent(90) ? said : random.from(0, 255);
  if (header === 44 && random.percent(20)) rest[2] = random.from(0, 255);
  return { header, rest };
}

function carried(random: SeededRandom, protocol: number): Uint8Array {
  const port = random.percent(80) ? random.pick(ports) : random.from(0, 65_535);
  const fields = { port, sourcePort: random.from(0, 65_535) };
  const data = random.percent(70) ? new Uint8Array() : bytes(random, 32);
  if (protocol === UDP) {
    const length = random.percent(20) ? { length: lie(random) } : {};
    return udp({ ...fields, data, ...length, checksum: random.from(0, 65_535) });
  }
  return tcp({
    ...fields,
    data,
    sequence: random.from(0, 0xffffffff),
    flags: random.percent(70) ? 2 : random.from(0, 255),
    ...(random.percent(40) && { options: bytes(random, 40) }),
    ...(random.percent(15) && { words: random.from(0, 15) }),
  });
}

/** A length as it may stand in a header, true or not. */
function lie(random: SeededRandom): number {
  return random.percent(80) ? random.from(0, 100) : random.pick([255, 256, 1500, 32_768, 65_535]);
}

function bytes(random: SeededRandom, most: number): Uint8Array {
  return Uint8Array.of(...random.several(0, most, () => random.from(0, 255)));
}
