import type { Clock } from "../../src/base/clock.ts";
import { later } from "../../src/base/time.ts";
import type {
  Board,
  BoardRow,
  LogBatch,
  LogPosition,
  StoreFacts,
  ToldRow,
} from "../../src/fleet/board.ts";
import { BoardError, hasGapAfter, logStart, longestLog } from "../../src/fleet/board.ts";
import type { FleetTime } from "../../src/fleet/stamp.ts";
import { fleetTime } from "../../src/fleet/stamp.ts";

interface LogEntry {
  readonly position: LogPosition;
  readonly rows: readonly BoardRow[];
}

/** A store in memory: what outlives the connections of gateways, and what a test may do to it. */
export class MemoryStore {
  readonly clock: Clock;
  readonly table = new Map<string, BoardRow & { readonly until: number }>();
  readonly log: LogEntry[] = [];
  readonly claims = new Map<string, { readonly owner: string; readonly until: number }>();
  readonly marks = new Map<string, string>();
  readonly heartbeats = new Map<string, BoardRow>();
  readonly boards = new Set<MemoryBoard>();
  /** Added to the clock. */
  ahead = 0;
  /** How many heartbeats were told. */
  beats = 0;
  /** While true no gateway connects. */
  isDown = false;
  /** What changes are refused with. */
  refusal: string | undefined;
  #entries = 0;
  #lastTime = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  now(): number {
    return this.clock.wall() + this.ahead;
  }

  open(): Promise<MemoryBoard> {
    if (this.isDown) return Promise.reject(new BoardError("lost", "the store is down"));
    const board = new MemoryBoard(this);
    this.boards.add(board);
    return Promise.resolve(board);
  }

  /** Ends all connections, and accepts none until `isDown` is false again. */
  stop(): void {
    this.isDown = true;
    for (const board of [...this.boards]) board.close();
  }

  /** Forgets everything, as a restarted store without a file does. */
  flush(): void {
    this.table.clear();
    this.log.length = 0;
    this.claims.clear();
    this.marks.clear();
    this.heartbeats.clear();
    this.#entries = 0;
  }

  append(rows: readonly BoardRow[]): string {
    this.#entries++;
    // An entry has an id above the last one, whatever the clock says.
    this.#lastTime = Math.max(this.#lastTime + 1, Math.floor(this.now()));
    const position = { id: `${this.#lastTime}-0`, n: this.#entries };
    this.log.push({ position, rows });
    if (this.log.length > longestLog) this.log.shift();
    for (const board of this.boards) board.wake();
    return position.id;
  }
}

/** A gateway's connection to a store in memory. */
export class MemoryBoard implements Board {
  readonly #store: MemoryStore;
  readonly #waiting = new Set<() => void>();
  #isLost = false;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  async time(): Promise<FleetTime> {
    return fleetTime((await this.#connected()).now());
  }

  async put(rows: readonly ToldRow[]): Promise<string> {
    const store = await this.#writable();
    const now = store.now();
    for (const [field, { until }] of store.table) if (until <= now) store.table.delete(field);
    for (const { left, ...row } of rows) {
      const old = store.table.get(row.field);
      if (old === undefined || old.stamp <= row.stamp) {
        store.table.set(row.field, { ...row, until: now + left });
      }
    }
    return store.append(rows.map(({ left: _, ...row }) => row));
  }

  async *table(): AsyncIterable<readonly BoardRow[]> {
    const store = await this.#connected();
    yield [...store.table.values()].map(withoutUntil);
  }

  async lookUp(fields: readonly string[]): Promise<readonly BoardRow[]> {
    const { table } = await this.#connected();
    return fields.flatMap((field) => {
      const row = table.get(field);
      return row === undefined ? [] : [withoutUntil(row)];
    });
  }

  async end(): Promise<LogPosition> {
    return (await this.#connected()).log.at(-1)?.position ?? logStart;
  }

  async follow(after: LogPosition, wait: number): Promise<LogBatch> {
    const { clock } = await this.#connected();
    if (this.#entriesAfter(after).length === 0) {
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
        const cancel = clock.wakeAt(later(clock.now(), wait), resolve);
        this.#waiting.add(cancel);
      });
      this.#waiting.clear();
    }
    await this.#connected();
    const entries = this.#entriesAfter(after);
    return {
      rows: entries.flatMap(({ rows }) => rows),
      position: entries.at(-1)?.position ?? after,
      hasGap: hasGapAfter(
        after.n,
        entries.map(({ position }) => position.n),
      ),
    };
  }

  async claim(name: string, owner: string, life: number): Promise<boolean> {
    const store = await this.#writable();
    const held = store.claims.get(name);
    if (held !== undefined && held.until > store.now()) return held.owner === owner;
    store.claims.set(name, { owner, until: store.now() + life });
    return true;
  }

  async mark(
    list: string,
    mark: string,
    expected: string | undefined,
  ): Promise<string | undefined> {
    const { marks } = await this.#writable();
    const held = marks.get(list);
    if (held !== undefined && held !== mark && held !== expected) return held;
    marks.set(list, mark);
    return undefined;
  }

  async beat(gateway: string, row: BoardRow): Promise<void> {
    const store = await this.#writable();
    store.beats++;
    store.heartbeats.set(gateway, { ...row, field: gateway });
  }

  async heartbeats(): Promise<readonly BoardRow[]> {
    return [...(await this.#connected()).heartbeats.values()];
  }

  async forget(gateway: string): Promise<void> {
    (await this.#writable()).heartbeats.delete(gateway);
  }

  async facts(): Promise<StoreFacts> {
    await this.#connected();
    return { version: "7.0.15", maxmemoryPolicy: "noeviction" };
  }

  close(): void {
    this.#isLost = true;
    this.#store.boards.delete(this);
    this.wake();
  }

  /** Ends what waits for the log. */
  wake(): void {
    for (const end of [...this.#waiting]) end();
  }

  #entriesAfter({ id }: LogPosition): readonly LogEntry[] {
    const order = (text: string) => Number(text.split("-")[0]);
    return this.#store.log.filter(({ position }) => order(position.id) > order(id));
  }

  /** Every answer takes a turn of the event loop. */
  async #connected(): Promise<MemoryStore> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#isLost) throw new BoardError("lost", "the connection has ended");
    return this.#store;
  }

  async #writable(): Promise<MemoryStore> {
    const store = await this.#connected();
    if (store.refusal !== undefined) throw new BoardError("refused", store.refusal);
    return store;
  }
}

function withoutUntil({ field, stamp, sealed }: BoardRow): BoardRow {
  return { field, stamp, sealed };
}
