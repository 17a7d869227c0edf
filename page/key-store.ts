// The doors that this browser has keys for, in IndexedDB. Scripts use the keys, but cannot read them.
import type { KnockLink } from "../src/knock/link.ts";
import type { BrowserKey } from "./device-key.ts";

/** A door that this browser has a key for. */
export interface StoredDoor extends Omit<KnockLink, "key"> {
  readonly id: number;
  readonly key: BrowserKey;
  /** When it was opened last, and until when it is open, if that is known. Milliseconds since 1970. */
  readonly usedAt: number;
  readonly openUntil?: number;
}

const database = "sesame";
const table = "doors";

/** The doors in a browser's store. Methods throw if the browser keeps nothing, as in private windows. */
export class KeyStore {
  readonly #database: IDBDatabase;

  private constructor(opened: IDBDatabase) {
    this.#database = opened;
  }

  static async open(): Promise<KeyStore> {
    const request = indexedDB.open(database, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(table, { keyPath: "id" });
    };
    return new KeyStore(await result(request));
  }

  /** All doors, the one used last first. */
  async list(): Promise<StoredDoor[]> {
    const rows: StoredDoor[] = await result(this.#table("readonly").getAll());
    return rows.sort((a, b) => b.usedAt - a.usedAt);
  }

  async put(door: StoredDoor): Promise<void> {
    await result(this.#table("readwrite").put(door));
  }

  async remove({ id }: StoredDoor): Promise<void> {
    await result(this.#table("readwrite").delete(id));
  }

  #table(mode: IDBTransactionMode): IDBObjectStore {
    return this.#database.transaction(table, mode).objectStore(table);
  }
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
