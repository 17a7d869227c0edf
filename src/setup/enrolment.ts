// The device that `knockctl init` enrols, and how a rollback removes it.
import { chownSync } from "node:fs";
import { KnockError } from "../base/errors.ts";
import type { Principal } from "../base/principals.ts";
import type { SecretText } from "../client/secret-text.ts";
import { withoutKey } from "../config/edit/key-users.ts";
import { exclusively } from "../system/exclusive.ts";
import { replaceFile } from "../system/files.ts";
import { readBytes } from "./paths.ts";
import type { EnrolledKey } from "./record.ts";

/** A device that may open doors by key. */
export interface PlannedDevice extends Principal {
  /** `undefined`: it has a key already. */
  readonly enrolment: DeviceEnrolment | undefined;
}

/** A new key, and the users file that has its lock. */
export interface DeviceEnrolment {
  readonly usersFile: string;
  /** `undefined`: there is no file. */
  readonly before: Buffer | undefined;
  readonly after: Buffer;
  /** The owner of a new file: the user of a running knockd. */
  readonly owner: number | undefined;
  readonly keyId: string;
  /** The half of the device. */
  readonly key: SecretText;
}

/** Returns what a rollback needs to know of a device. */
export function recordOf({ name, enrolment }: PlannedDevice): EnrolledKey | undefined {
  if (enrolment === undefined) return undefined;
  const { usersFile, keyId: key, before } = enrolment;
  return { user: name, key, usersFile, isNew: before === undefined };
}

/** Writes the lock of a new key into the users file. Throws SYSTEM if the file has changed since the plan was made. */
export async function enrol({ usersFile, before, after, owner }: DeviceEnrolment): Promise<void> {
  await exclusively(usersFile, async () => {
    const now = readBytes(usersFile);
    if (now === undefined ? before !== undefined : before === undefined || !now.equals(before)) {
      const message = `${usersFile} has been changed by another program since the plan was made`;
      throw new KnockError("SYSTEM", message, { hints: ["run knockctl init again"] });
    }
    replaceFile(usersFile, after);
    if (before === undefined && owner !== undefined) chownSync(usersFile, owner, -1);
  });
}

/** Removes a key from the users file, and leaves all others. Returns whether it was there. Throws SYSTEM. */
export async function removeKey({ user, key, usersFile, isNew }: EnrolledKey): Promise<boolean> {
  return await exclusively(usersFile, async () => {
    const before = readBytes(usersFile)?.toString();
    if (before === undefined) return false;
    const after = withoutKey(before, user, key);
    replaceFile(usersFile, isNew && after.trim() === "" ? undefined : after);
    return after !== before;
  });
}
