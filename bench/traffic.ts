import { join } from "node:path";
import type { Process } from "../test/live/process.ts";
import type { Datagram } from "./datagram.ts";
import type { Syn } from "./syn.ts";
import { addressNumber } from "./syn.ts";
import type { BenchTestBed } from "./test-bed.ts";

/** How much the generator sends. */
interface TrafficAmount {
  /** Packets a second; as fast as it can if absent. */
  readonly rate?: number;
  /** Stops after so many seconds, or so many packets. */
  readonly seconds?: number;
  readonly count?: number;
  /** The first source. */
  readonly source: string;
}

export interface SynTraffic extends TrafficAmount {
  /**
   * - flood: every packet from another source, to one port after the other
   * - clients: every source sends one packet to each port in their order; a thousand of them at once
   * - scan: one source, one packet to each port in their order
   */
  readonly kind: "flood" | "clients" | "scan";
  readonly ports: readonly number[];
}

/** Datagrams with payloads from a file, one after the other, and then from the first on again. */
export interface DatagramTraffic extends TrafficAmount {
  readonly kind: "datagrams";
  readonly port: number;
  /** The file: nothing but payloads, each of `payloadLength` bytes. */
  readonly payloads: string;
  readonly payloadLength: number;
  /** How many sources there are, which take turns. */
  readonly sources: number;
}

/** What the generator is to send. */
export type GeneratedTraffic = SynTraffic | DatagramTraffic;

/** What the generator did. */
export interface GeneratorResult {
  readonly sent: number;
  readonly seconds: number;
  /** How far it was behind at most: milliseconds. */
  readonly worst: number;
  /** The share of moments at which it was more than 2 ms behind. */
  readonly late: number;
}

const clientsAtOnce = 1_000;

/** Sets the n-th packet of the traffic. */
export type SetPacket<Packet> = (packet: Packet, n: number) => void;

export function packetsOf({ kind, ports, source }: SynTraffic): SetPacket<Syn> {
  const first = addressNumber(source);
  const port = (n: number) => ports[n % ports.length] ?? 0;
  switch (kind) {
    case "flood": // 2^24 sources in an order that shows no pattern: an odd factor hits each once.
      return (syn, n) =>
        syn.set((first + (Math.imul(n, 0x9e3779b1) & 0xffffff)) >>> 0, 40_000, port(n), n);
    case "scan":
      return (syn, n) => syn.set(first, 50_000, port(n), n);
    case "clients":
      return (syn, n) => {
        const group = Math.floor(n / (clientsAtOnce * ports.length));
        const step = Math.floor(n / clientsAtOnce) % ports.length;
        const client = group * clientsAtOnce + (n % clientsAtOnce);
        syn.set((first + client) >>> 0, 40_000 + step, port(step), n);
      };
  }
}

/** `payloads`: what the file of that name holds. */
export function datagramsOf(
  { port, source, sources, payloadLength }: DatagramTraffic,
  payloads: Uint8Array,
): SetPacket<Datagram> {
  const first = addressNumber(source);
  const count = Math.floor(payloads.length / payloadLength);
  const all = Array.from({ length: count }, (_, i) =>
    payloads.subarray(i * payloadLength, (i + 1) * payloadLength),
  );
  const none = new Uint8Array(payloadLength);
  return (datagram, n) => {
    const source = (first + (n % sources)) >>> 0;
    datagram.set(source, 40_000 + (n % 20_000), port, all[n % count] ?? none);
  };
}

/** Starts the generator on the client; resolves when it begins to send. */
export async function startTraffic(
  stage: BenchTestBed,
  traffic: GeneratedTraffic,
): Promise<Process> {
  const [loader, program] = ["typescript.mjs", "generator.ts"].map((name) =>
    join(import.meta.dirname, name),
  );
  const argv = [process.execPath, "--import", loader ?? "", program ?? ""];
  const generator = stage.client.start(argv, {
    input: JSON.stringify(traffic),
    env: { NODE_EXTRA_CA_CERTS: "" },
  });
  await generator.waitFor(/^sending$/m, 30_000);
  return generator;
}

/** What it did, when it has ended. Rejects if it failed. */
export async function trafficSent(generator: Process): Promise<GeneratorResult> {
  const { code, stdout, stderr } = await generator.ended;
  if (code !== 0) throw new Error(`the generator ended with ${code}: ${stderr}`);
  return JSON.parse(stdout.replace("sending\n", ""));
}

export async function send(
  stage: BenchTestBed,
  traffic: GeneratedTraffic,
): Promise<GeneratorResult> {
  return await trafficSent(await startTraffic(stage, traffic));
}
