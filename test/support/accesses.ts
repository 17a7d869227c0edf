// Passages as a configuration would make them: alice at 192.0.2.7 has knocked at the door "ssh".
import type { CommandWay, NativeWay, Passage } from "../../src/firewall/firewall.ts";
import { address } from "./packets.ts";

export type Who = Partial<Omit<Passage, "way">>;

const alice: Omit<Passage, "way"> = {
  door: "ssh",
  nth: 1,
  source: address("192.0.2.7"),
  knock: { port: 7000, protocol: "tcp" },
};

/** Opened by the command `start`, closed by `stop`. */
export function byCommands(who: Who = {}, way: Partial<CommandWay> = {}): Passage {
  const usual = { start: "start", stop: "stop", user: undefined, timeout: undefined };
  return { ...alice, ...who, way: { kind: "command", ...usual, ...way } };
}

/** Opened by the kernel: tcp/22. */
export function byKernel(who: Who = {}, way: Partial<NativeWay> = {}): Passage {
  const services = [{ protocol: "tcp", port: 22 }] as const;
  return { ...alice, ...who, way: { kind: "native", services, ...way } };
}
