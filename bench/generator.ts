// A process of its own: sends packets at an even pace, as told on its standard input (JSON, a `Traffic`). It
// says `sending` when it begins, and prints what it really did (JSON, a `Sent`) at the end.
import { readFileSync, writeSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { datagramKind, PacketSender, synKind } from "./packet-sender.ts";
import { addressNumber } from "./syn.ts";
import { clientLink, serverAddresses } from "./test-bed.ts";
import { block, sleepExactly } from "./timing.ts";
import type { GeneratedTraffic, GeneratorResult, SetPacket } from "./traffic.ts";
import { datagramsOf, packetsOf } from "./traffic.ts";

/** Packets go out in slots of so many milliseconds: what is due by then, at once. */
const slot = 0.2;
const most = 256;

function generate(traffic: GeneratedTraffic): GeneratorResult {
  const server = addressNumber(serverAddresses[0]);
  if (traffic.kind === "datagrams") {
    const kind = datagramKind(clientLink, server, traffic.payloadLength);
    const set = datagramsOf(traffic, readFileSync(traffic.payloads));
    return play(new PacketSender("eth0", kind, most), set, traffic);
  }
  const kind = synKind(clientLink, server);
  return play(new PacketSender("eth0", kind, most), packetsOf(traffic), traffic);
}

function play<Packet>(
  sender: PacketSender<Packet>,
  set: SetPacket<Packet>,
  traffic: GeneratedTraffic,
): GeneratorResult {
  sleepExactly();
  const total = traffic.count ?? Number.POSITIVE_INFINITY;
  const perMs = traffic.rate === undefined ? Number.POSITIVE_INFINITY : traffic.rate / 1_000;
  writeSync(1, "sending\n");
  const begin = performance.now();
  const end = begin + (traffic.seconds ?? Number.POSITIVE_INFINITY) * 1_000;
  let sent = 0;
  let worst = 0;
  let late = 0;
  let slots = 0;
  for (let now = begin; now < end && sent < total; now = performance.now()) {
    // The first packet is due at once, so that one of n is never later than (n - 1) / rate.
    const due = Math.min(total, Math.floor((now - begin) * perMs) + 1);
    const behind = Number.isFinite(due) ? (due - sent) / perMs : 0;
    slots++;
    worst = Math.max(worst, behind);
    if (behind > 2) late++;
    while (sent < due && performance.now() < end) {
      const count = Math.min(most, due - sent);
      for (let i = 0; i < count; i++) {
        const packet = sender.packets[i];
        if (packet !== undefined) set(packet, sent + i);
      }
      sent += sender.send(count);
    }
    const next = begin + Math.max(sent / perMs, now - begin + slot);
    block((next - performance.now()) * 1_000);
  }
  const seconds = (performance.now() - begin) / 1_000;
  sender.close();
  return { sent, seconds, worst, late: slots === 0 ? 0 : late / slots };
}

writeSync(1, `${JSON.stringify(generate(JSON.parse(readFileSync(0, "utf8"))))}\n`);
