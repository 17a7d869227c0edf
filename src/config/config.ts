import type { Sequence } from "../base/sequence.ts";
import type { DoorService, OpenedService, Service } from "../base/service.ts";
import {
  formatService,
  isForwarded,
  isOneService,
  isRouted,
  openedAs,
  uniqueServices,
} from "../base/service.ts";
import type { ValuesOf } from "./directive.ts";
import { withDefaults } from "./directive.ts";
import type { commandDirectives, doorDirectives, nativeDirectives } from "./directives.ts";
import { options } from "./directives.ts";

/** A whole knockd.conf, checked: nothing after this needs to check it again. */
export interface Config {
  readonly options: ConfigOptions;
  readonly doors: readonly DoorConfig[];
}

export interface ConfigOptions extends ValuesOf<typeof options> {}

export interface DoorConfig extends ValuesOf<typeof doorDirectives> {
  readonly name: string;
  readonly sequence: FixedSequence | OneTimeSequences | NoSequence;
  readonly action: CommandAction | NativeAction;
}

interface FixedSequence {
  readonly kind: "fixed";
  readonly steps: Sequence;
}

/** A file holds a list of sequences, each to be used once. */
interface OneTimeSequences {
  readonly kind: "one-time";
  readonly file: string;
}

/** Keys alone open the door. */
interface NoSequence {
  readonly kind: "none";
}

/** The door runs commands to open and to close. */
export interface CommandAction extends ValuesOf<typeof commandDirectives> {
  readonly kind: "command";
}

/** The kernel opens services and closes them by itself. */
interface NativeAction extends ValuesOf<typeof nativeDirectives> {
  readonly kind: "native";
}

/** Returns the steps of a door whose sequence stays the same; none for one-time sequences, nor without a sequence. */
export function fixedSteps({ sequence }: DoorConfig): Sequence {
  return sequence.kind === "fixed" ? sequence.steps : [];
}

/** Returns whether something closes a door: the kernel, or a command. */
export function isClosed({ action }: Pick<DoorConfig, "action">): boolean {
  return action.kind === "native" || action.stop !== undefined || action.stop6 !== undefined;
}

/** Returns whether what a door opens is open at all gateways of the fleet. */
export function isShared(door: Pick<DoorConfig, "action" | "fleet">): boolean {
  return door.fleet ?? isClosed(door);
}

/** Returns the services that a native door opens; none for a door of commands. */
export function openedServices({ action }: DoorConfig): readonly DoorService[] {
  return action.kind === "native" ? action.services : [];
}

/** Returns what these services of a door are for a source of this family of addresses: those that it reaches. */
export function servicesFor(services: readonly DoorService[], family: 4 | 6): OpenedService[] {
  const reached = services.filter((service) => {
    if (isForwarded(service)) return service.target.address.family === family;
    return !isRouted(service) || service.hosts.some(({ base }) => base.family === family);
  });
  return uniqueServices(reached.map(openedAs));
}

/** Returns the services that a native door opens by their names: those of `open = any` are not among them. */
export function namedServices(door: DoorConfig): Service[] {
  return uniqueServices(openedServices(door).map(openedAs)).filter(isOneService);
}

/** Returns whether a native door opens a service, by its name or among all. */
export function opensService(door: DoorConfig, service: Service): boolean {
  const text = formatService(service);
  return openedServices(door)
    .map(openedAs)
    .some((one) => !isOneService(one) || formatService(one) === text);
}

/** Returns the services that native doors deny to all other sources, as they are opened. */
export function protectedServices(doors: readonly DoorConfig[]): readonly Service[] {
  return doors.flatMap(({ action }) => {
    if (action.kind !== "native") return [];
    // A forwarded port exists for open sources alone.
    const services = action.protect ? action.services : action.services.filter(isForwarded);
    return uniqueServices(services.map(openedAs)).filter(isOneService);
  });
}

export const defaultOptions: ConfigOptions = withDefaults(options);
