import { readSecretFile } from "./secret-file.ts";

/** 16 MiB are more than 5,000 keys take. */
const kind = { name: "users file", hint: "knockctl user add writes it", longest: 16 } as const;

/** Resolves to the bytes of a users file; see `readSecretFile`. Throws CONFIG. */
export function readUsersFile(path: string, owner?: number): Promise<Uint8Array> {
  return readSecretFile(path, kind, owner);
}
