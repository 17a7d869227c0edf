import type { Device } from "../config/users.ts";

/** A users file that can be used. */
export interface LoadedUsers {
  /** False where no door has users, and no file was read. */
  readonly isRead?: false;
  readonly devices: readonly Device[];
  readonly warnings: readonly string[];
}

/** A users file that was read for the configuration in force; what it takes away counts even with problems. */
export interface ReloadedUsers extends LoadedUsers {
  /** Lines of text. */
  readonly problems: readonly string[];
  /** Devices that the file names: without being in force they keep their leases. */
  readonly named: ReadonlySet<string>;
}
