import { existsSync, statSync } from "node:fs";
import { Savefile } from "../../src/capture/savefile.ts";
import { decode } from "../../src/decode/decode.ts";
import type { LiveHost } from "./host.ts";
import { Folder } from "./knockd.ts";
import type { Process } from "./process.ts";

/** The length of what a recording without packets holds. */
const headerLength = 24;

/** Records the UDP packets that pass a host. Needs tcpdump. */
export class Sniffer {
  /** A recording, in which each packet is as soon as it was seen. */
  readonly file: string;
  readonly #process: Process;

  private constructor(process: Process, file: string) {
    this.#process = process;
    this.file = file;
  }

  /** `mark` sends a datagram to a port of none: tcpdump says that it listens before it does. */
  static async open(host: LiveHost, mark: () => Promise<unknown>): Promise<Sniffer> {
    const file = new Folder().at("packets.pcap");
    const how = ["-Z", "root", "-U", "-n", "--immediate-mode", "-i", "eth0", "-w", file, "udp"];
    const process = host.start(["tcpdump", ...how]);
    await process.waitFor(/listening on/);
    const sniffer = new Sniffer(process, file);
    for (;;) {
      await mark();
      if (existsSync(file) && statSync(file).size > headerLength) return sniffer;
    }
  }

  /** The payloads of the packets to a port, in their order. */
  async payloads(port: number): Promise<Buffer[]> {
    const found: Buffer[] = [];
    for await (const { frame } of new Savefile(this.file)) {
      if (typeof frame === "string") continue;
      const packet = decode(frame);
      if (packet?.protocol !== "udp" || packet.port !== port) continue;
      const { payloadStart: start, payloadLength: length } = packet;
      found.push(
        Buffer.from(
          new Uint8Array(frame.data.buffer, frame.data.byteOffset + start, length).slice(),
        ),
      );
    }
    return found;
  }

  async close(): Promise<void> {
    await this.#process.stop();
  }
}
