import type { Sequence } from "../base/sequence.ts";
import type { OpenedService, Service } from "../base/service.ts";
import { formatService, isOneService } from "../base/service.ts";
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
  readonly sequence: FixedSequence | OneTimeSequences;
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

/** The door runs commands to open and to close. */
export interface CommandAction extends ValuesOf<typeof commandDirectives> {
  readonly kind: "command";
}

/** The kernel opens services and closes them by itself. */
interface NativeAction extends ValuesOf<typeof nativeDirectives> {
  readonly kind: "native";
}

/** Returns the steps of a door whose sequence stays the same; none for one-time sequences. */
export function fixedSteps({ sequence }: DoorConfig): Sequence {
  return sequence.kind === "fixed" ? sequence.steps : [];
}

/** Returns the services that a native door opens; none for a door of commands. */
export function openedServices({ action }: DoorConfig): readonly OpenedService[] {
  return action.kind === "native" ? action.services : [];
}

/** Returns the services that a native door opens by their names: those of `open = any` are not among them. */
export function namedServices(door: DoorConfig): Service[] {
  return openedServices(door).filter(isOneService);
}

/** Returns whether a native door opens a service, by its name or among all. */
export function opensService(door: DoorConfig, service: Service): boolean {
  const text = formatService(service);
  return openedServices(door).some((one) => !isOneService(one) || formatService(one) === text);
}

/** Returns the services that native doors deny to all other sources, as their doors write them. */
export function protectedServices(doors: readonly DoorConfig[]): readonly Service[] {
  return doors.flatMap(({ action }) =>
    action.kind === "native" && action.protect ? action.services.filter(isOneService) : [],
  );
}

export const defaultOptions: ConfigOptions = withDefaults(options);
