import type { Address } from "../../base/address.ts";
import type { Door } from "../../match/door.ts";
import { KnockTrace } from "./knock-trace.ts";
import type { SeenPacket } from "./seen-packet.ts";

/** Sources whose knocks are kept: those that came last. */
const mostSources = 256;

/** The last knock of each source at each door. */
export class KnockTraces {
  /** By the text of the source, the latest last. */
  readonly #bySource = new Map<string, Map<Door, KnockTrace>>();

  record({ source, time, port, interfaceName, effects }: SeenPacket): void {
    const key = source.toString();
    const ofSource = this.#bySource.get(key) ?? new Map<Door, KnockTrace>();
    this.#bySource.delete(key);
    this.#bySource.set(key, ofSource);
    for (const effect of effects) {
      const { door } = effect;
      const trace = ofSource.get(door) ?? new KnockTrace(door, source, time);
      ofSource.set(door, trace);
      trace.add(effect, time, port, interfaceName);
    }
    const [oldest] = this.#bySource.keys();
    if (this.#bySource.size > mostSources && oldest !== undefined) this.#bySource.delete(oldest);
  }

  /** Returns the knock of a source that came farthest: several doors may have some ports. */
  best(source: Address): KnockTrace | undefined {
    const all = [...(this.#bySource.get(source.toString())?.values() ?? [])];
    return all.filter(({ steps }) => steps > 0).sort(byProgress)[0];
  }

  /** Returns the best knock of each source, the one that came farthest first. */
  get all(): readonly KnockTrace[] {
    return [...this.#bySource.values()]
      .flatMap((ofSource) => [...ofSource.values()].sort(byProgress)[0] ?? [])
      .filter(({ steps }) => steps > 0)
      .sort(byProgress);
  }
}

function byProgress(a: KnockTrace, b: KnockTrace): number {
  return (
    Number(b.isOpened) - Number(a.isOpened) ||
    b.steps - a.steps ||
    b.stage - a.stage ||
    b.lastTime - a.lastTime
  );
}
