import type { Entry } from "../base/log.ts";
import type { Packet } from "../decode/packet.ts";
import type { FlagTest } from "../match/door.ts";
import type { Verdict } from "../match/verdict.ts";

/** What the log says of a verdict. Pure. */
export function reportVerdict(verdict: Verdict): Entry {
  const { door, source } = verdict;
  const who = { door: door.name, source };
  const line = (what: string) => `${source}: ${door.name}: ${what}`;
  switch (verdict.kind) {
    case "stage": {
      const detail = { stage: verdict.stage, steps: door.sequence.length, reason: "next-step" };
      const text = line(`Stage ${verdict.stage}`);
      return { level: "notice", event: "stage", text, ...who, detail };
    }
    case "open": {
      const detail = { reason: "sequence-complete" };
      return { level: "notice", event: "open", text: line("OPEN SESAME"), ...who, detail };
    }
    case "repeat": {
      const detail = { stage: verdict.stage, reason: "same-step-again" };
      const text = line(`Stage ${verdict.stage} again`);
      return { level: "info", event: "repeat", text, ...who, detail };
    }
    case "failed": {
      const detail = { stage: verdict.stage, reason: verdict.why };
      if (verdict.why === "late") {
        const text = line(`sequence timeout (stage ${verdict.stage})`);
        return { level: "notice", event: "failed", text, ...who, detail };
      }
      const text = line(`knock failed at stage ${verdict.stage}: another port came in between`);
      return { level: "info", event: "failed", text, ...who, detail };
    }
    case "ignored": {
      const level = verdict.why === "retransmission" ? "info" : "debug";
      const text = ignored[verdict.why](door.flags);
      return { level, event: "ignored", text, ...who, detail: { reason: verdict.why } };
    }
  }
}

const ignored = {
  retransmission: () => "packet was seen before, ignoring...",
  destination: () => "packet is not for this host or the door's target, ignoring...",
  flags: (flags: FlagTest) => `packet is not ${describeFlags(flags)}, ignoring...`,
};

function describeFlags({ mask, value }: FlagTest): string {
  return ["FIN", "SYN", "RST", "PSH", "ACK", "URG"]
    .filter((_, bit) => mask & (1 << bit))
    .map((name) => (value & flagBit(name) ? name : `!${name}`))
    .join(",");
}

function flagBit(name: string): number {
  return 1 << ["FIN", "SYN", "RST", "PSH", "ACK", "URG"].indexOf(name);
}

/** What -D says of every packet that came through the filter; `wall`: when it arrived. */
export function reportPacket(packet: Packet, wall: number): Entry {
  const date = new Date(wall);
  const two = (number: number) => String(number).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  const { protocol, source, sourcePort, destination, port, length } = packet;
  const route = `${source}:${sourcePort} -> ${destination}:${port}`;
  const text = `${day} ${time}: ${protocol}: ${route} ${length} bytes`;
  return { level: "debug", event: "packet", text, source };
}
