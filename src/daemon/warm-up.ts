// V8 compiles code when it first runs, and optimizes it when it has run often. Without the knocks played
// here, the first knock of a day would open its door several times later than the thousandth.
import { setImmediate } from "node:timers/promises";
import { Address } from "../base/address.ts";
import { backends } from "../base/backends.ts";
import type { Clock } from "../base/clock.ts";
import type { Entry } from "../base/log.ts";
import { EagerLog, formatTextLine } from "../base/log.ts";
import { wallTime } from "../base/time.ts";
import type { CommandAction, Config, DoorConfig } from "../config/config.ts";
import { withDefaults } from "../config/directive.ts";
import { commandDirectives } from "../config/directives.ts";
import type { Firewall } from "../firewall/firewall.ts";
import { Doors } from "./doors.ts";
import { warmUpKeys, warmUpUser } from "./knock/warm-up-keys.ts";
import { warmUpPacket } from "./knock/warm-up-packet.ts";
import { createSandbox } from "./sandbox.ts";

const ports = [1, 3, 2];

/** Knocks until V8 has made the most of it, measured; and those that start a program. */
const rounds = 300;
const programs = 2;

/** No door is ever open to it, not even in tests: what an earlier daemon left open stays so. */
const unusedAddress = Address.v4(0);

/**
 * Sends knocks through parts that are thrown away afterwards: they open doors of the same kinds as
 * those of the configuration. A command is `:`; a native door is "closed" instead of opened, which
 * asks the kernel for the same and changes nothing. Takes some 0.1 s in all, a knock at a time. Never
 * rejected for what the firewall says.
 */
export async function warmUp(
  { doors, options }: Config,
  firewall: Firewall,
  clock: Clock,
): Promise<void> {
  const kinds = (["native", "command"] as const).map((kind) =>
    doors.find(({ action }) => action.kind === kind),
  );
  let ran = 0;
  const log = new FormattingLog();
  const played = kinds.flatMap((door) => (door === undefined ? [] : [warmUpDoor(door)]));
  const all = new Doors(played, () => [], log);
  const { pipeline, leaseManager } = createSandbox({
    doors: all,
    firewall: {
      async open(access, length) {
        const isNative = access.method.kind === "native";
        const isProgram = !isNative || backends[options.firewall].startsPrograms;
        if (isProgram && ++ran > programs) return { kind: "done" };
        if (isNative) return firewall.close({ ...access, source: unusedAddress });
        return firewall.open(access, length);
      },
      close: async () => ({ kind: "done" }),
    },
    clock,
    log,
    maxAttempts: 1000,
    isOurs: () => true,
    isLocalSource: () => false,
    debug: false,
  });
  for (let round = 0; round < rounds; round++) {
    for (const port of ports) pipeline.source.deliver(syn(port, round), clock.now());
    await setImmediate();
  }
  pipeline.close();
  if (doors.some(({ users }) => users.length > 0)) {
    await warmUpKeys(rounds, { doors: all, leaseManager, clock, log });
  }
  await leaseManager.stop();
}

const idleCommand: CommandAction = {
  kind: "command",
  ...withDefaults(commandDirectives),
  start: ":",
};

/** Makes the lines of text, and forgets them. */
class FormattingLog extends EagerLog {
  protected add(entry: Entry): void {
    formatTextLine(entry, wallTime(0));
  }
}

/** The same kind of door with a sequence of its own. */
function warmUpDoor(door: DoorConfig): DoorConfig {
  const { name, action } = door;
  return {
    name,
    sequence: { kind: "fixed", steps: ports.map((number) => ({ number, protocol: "tcp" })) },
    timeout: 10_000,
    flags: { mask: 0, value: 0 },
    target: undefined,
    allow: undefined,
    deny: [],
    until: undefined,
    onOpen: undefined,
    onClose: undefined,
    users: [warmUpUser],
    longest: undefined,
    fleet: undefined,
    decoys: 0,
    action: action.kind === "native" ? action : idleCommand,
  };
}

/** A SYN with options, as systems send them. */
function syn(port: number, round: number): Uint8Array {
  const header = new Uint8Array(24);
  const fields = new DataView(header.buffer);
  fields.setUint16(0, 1024);
  fields.setUint16(2, port);
  fields.setUint32(4, round * 4 + port);
  fields.setUint8(12, 6 << 4);
  fields.setUint8(13, 2);
  return warmUpPacket([198, 18], round, "tcp", header);
}
