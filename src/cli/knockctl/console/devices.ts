// The doors' users and the devices of the users file, read again when a file has changed.
import { statSync } from "node:fs";
import { formatNetwork } from "../../../base/address.ts";
import { errnoOf } from "../../../base/errors.ts";
import { isAmongUsers } from "../../../base/principals.ts";
import type { Config, DoorConfig } from "../../../config/config.ts";
import type { Device } from "../../../config/users.ts";
import type { Result } from "../../../control/methods.ts";
import { readUsers } from "../user/files.ts";
import { describeDevice } from "../user/list.ts";
import { pathsOf } from "../user/paths.ts";
import type { ConsoleDevice, ConsoleDoor } from "./view.ts";

interface FoundFiles {
  /** When the files changed, and their sizes. */
  readonly state: string;
  readonly config: Config | undefined;
  readonly devices: readonly Device[];
  /** Why they cannot be read, or what is wrong in them. */
  readonly problem: string | undefined;
}

/** Who may open a door. */
type DoorUsers = Pick<ConsoleDoor, "devices" | "from" | "rotates">;

/** The files of one configuration. */
export class ConsoleFiles {
  readonly #socket: string | undefined;
  #usersFile: string | undefined;
  #found: FoundFiles | undefined;

  constructor(socket: string | undefined) {
    this.#socket = socket;
  }

  /** Reads the files if they have changed. */
  async refresh(configFile: string): Promise<void> {
    const state = () => `${stateOf(configFile)} ${this.#usersFile} ${stateOf(this.#usersFile)}`;
    if (this.#found?.state === state()) return;
    try {
      const { paths, usersFile, config } = pathsOf(configFile, this.#socket);
      this.#usersFile = usersFile;
      // Before it is read: a change meanwhile is seen the next time.
      const before = state();
      const { devices, problems } = await readUsers(paths, usersFile);
      const [problem] = problems;
      this.#found = { state: before, config, devices, problem: problem?.message };
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      this.#found = { state: state(), config: undefined, devices: [], problem };
    }
  }

  /** Why devices may be missing here; undefined if the files are in order. */
  get problem(): string | undefined {
    return this.#found?.problem;
  }

  /** Returns the devices, with what knockd knows of their keys. */
  list(keys: Result<"keys">): ConsoleDevice[] {
    const { devices = [], config } = this.#found ?? {};
    return devices.map((device) => {
      const {
        name,
        state,
        doors,
        expires,
        keys: ids,
        activity,
      } = describeDevice(device, config, keys);
      return {
        ...{ name, state, doors },
        ...(expires !== undefined && { expires }),
        keys: ids.map((id) => {
          const { lastKnock, refusals } = activity?.find(({ key }) => key === id) ?? {};
          const counts = Object.values(refusals ?? {});
          return {
            id,
            ...(lastKnock && {
              lastKnock: {
                time: lastKnock.time.toISOString(),
                source: lastKnock.source.toString(),
                offsetMs: lastKnock.offsetMs,
              },
            }),
            refusals: counts.reduce((sum, count) => sum + count, 0),
          };
        }),
      };
    });
  }

  /** Returns who may open the `nth` door of this name. */
  usersOf(door: string, nth: number): DoorUsers {
    const { devices = [], config } = this.#found ?? {};
    const found = config?.doors.filter(({ name }) => name === door) ?? [];
    const one = found[nth];
    if (one === undefined) return { devices: [], rotates: false };
    return {
      devices: devices.filter((device) => isAmongUsers(one.users, device)).map(({ name }) => name),
      ...(one.allow !== undefined && { from: one.allow.map(formatNetwork) }),
      rotates: found.length === 1 && hasPorts(one),
    };
  }
}

function hasPorts({ sequence }: DoorConfig): boolean {
  return sequence.kind === "fixed";
}

/** A file that cannot be looked at has a state, too: the reading says why. */
function stateOf(file: string | undefined): string {
  if (file === undefined) return "none";
  try {
    const { mtimeMs, size, ino } = statSync(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch (error) {
    return errnoOf(error) ?? "none";
  }
}
