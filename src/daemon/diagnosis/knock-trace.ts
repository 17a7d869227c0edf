import type { Address } from "../../base/address.ts";
import type { Port } from "../../base/port.ts";
import type { Monotonic } from "../../base/time.ts";
import type { Door } from "../../match/door.ts";
import type { DoorEffect } from "./seen-packet.ts";

/** What became of a knock of one source at one door. Steps are counted from 1. */
export type KnockDiagnosis =
  | { readonly kind: "opened" }
  /** Its packets come in where knockd does not listen. */
  | { readonly kind: "interface"; readonly name: string }
  | { readonly kind: "source" | "destination" | "ignored" }
  | { readonly kind: "protocol" | "flags"; readonly steps: readonly number[] }
  /** So much later than the first step. */
  | { readonly kind: "late"; readonly step: number; readonly afterMs: number }
  | {
      readonly kind: "missing";
      readonly steps: readonly number[];
      readonly came: readonly number[];
    }
  | { readonly kind: "order"; readonly came: readonly number[] }
  | { readonly kind: "decoy" | "other-door"; readonly port: Port }
  /** All is as it should be, and yet it did not open. */
  | { readonly kind: "unclear" };

interface TraceHit extends Pick<DoorEffect, "kind"> {
  readonly time: Monotonic;
  readonly step: number;
}

/** The same step after so long is another knock, not another try of the sender's system: milliseconds. */
const retryTime = 3_000;

/** The packets of the last knock of one source at one door. */
export class KnockTrace {
  readonly door: Door;
  readonly source: Address;
  #hits: TraceHit[] = [];
  #interruption: { readonly kind: "decoy" | "other-door"; readonly port: Port } | undefined;
  #interfaceName: string | undefined;
  #isIgnored = false;
  #lastTime: Monotonic;

  constructor(door: Door, source: Address, time: Monotonic) {
    this.door = door;
    this.source = source;
    this.#lastTime = time;
  }

  /** When its last packet came. */
  get lastTime(): Monotonic {
    return this.#lastTime;
  }

  /** How many of the steps have come in order. */
  get stage(): number {
    return this.#hits.reduce((stage, { step }) => (step === stage + 1 ? step : stage), 0);
  }

  /** How many different steps have come, in whatever way. */
  get steps(): number {
    return new Set(this.#hits.map(({ step }) => step)).size;
  }

  get isOpened(): boolean {
    return this.#hits.some(({ kind }) => kind === "open");
  }

  /** All steps have come, or nothing more will help. */
  get isComplete(): boolean {
    return this.isOpened || this.steps === this.door.sequence.length;
  }

  add(effect: DoorEffect, time: Monotonic, port: Port, interfaceName: string | undefined): void {
    const { kind } = effect;
    if (kind === "retransmission") return;
    if (kind === "decoy" || kind === "other-door") {
      this.#interruption = { kind, port };
      return;
    }
    this.#isIgnored ||= kind === "ignored";
    const step = this.#place(effect, port);
    if (step === undefined) return;
    if (this.#beginsAnother(step, time)) {
      this.#hits = [];
      this.#interruption = undefined;
      this.#isIgnored = kind === "ignored";
    }
    if (kind === "interface") this.#interfaceName = interfaceName;
    this.#hits.push({ kind, step, time });
    this.#lastTime = time;
  }

  /** What is wrong with it, the most basic fault first, as far as its packets tell so far. */
  diagnose(): KnockDiagnosis {
    if (this.isOpened) return { kind: "opened" };
    if (this.#has("interface")) return { kind: "interface", name: this.#interfaceName ?? "?" };
    if (this.#has("source")) return { kind: "source" };
    if (this.#has("destination")) return { kind: "destination" };
    if (this.#isIgnored) return { kind: "ignored" };
    return (
      this.#wrong("protocol") ??
      this.#wrong("flags") ??
      this.#late() ??
      this.#missing() ??
      this.#disorder() ??
      this.#interruption ?? { kind: "unclear" }
    );
  }

  /** A port may be several steps: the first that has not come. */
  #place({ step, kind }: DoorEffect, { number, protocol }: Port): number | undefined {
    if (step === undefined || kind === "stage" || kind === "open" || kind === "repeat") return step;
    const { sequence } = this.door;
    const candidates = sequence.flatMap((one, i) =>
      one.number === number && (one.protocol === protocol) !== (kind === "protocol") ? [i + 1] : [],
    );
    return candidates.find((one) => !this.#came(one)) ?? step;
  }

  #beginsAnother(step: number, time: Monotonic): boolean {
    const last = this.#hits.at(-1);
    if (last === undefined) return false;
    if (this.isComplete && step !== last.step) return true;
    if (!this.#came(step)) return false;
    return step !== last.step || time - last.time > retryTime;
  }

  #came(step: number): boolean {
    return this.#hits.some((hit) => hit.step === step);
  }

  #has(kind: DoorEffect["kind"]): boolean {
    return this.#hits.some((hit) => hit.kind === kind);
  }

  /** Steps that came in this way only. */
  #wrong(kind: "protocol" | "flags"): KnockDiagnosis | undefined {
    const others = this.#hits.filter((hit) => hit.kind !== kind).map(({ step }) => step);
    const wrong = this.#hits.filter((hit) => hit.kind === kind && !others.includes(hit.step));
    const steps = [...new Set(wrong.map(({ step }) => step))];
    return steps.length === 0 ? undefined : { kind, steps };
  }

  #late(): KnockDiagnosis | undefined {
    const first = this.#firsts()[0];
    if (first?.step !== 1 || !this.#isAscending) return undefined;
    // A repeated first step restarts the time.
    const begun = this.#hits.findLast(({ step }) => step === 1) ?? first;
    const late = this.#firsts().find(({ time }) => time - begun.time >= this.door.timeout);
    return late && { kind: "late", step: late.step, afterMs: late.time - begun.time };
  }

  #missing(): KnockDiagnosis | undefined {
    const all = this.door.sequence.map((_, i) => i + 1);
    const steps = all.filter((step) => !this.#came(step));
    if (steps.length === 0) return undefined;
    return { kind: "missing", steps, came: all.filter((step) => this.#came(step)) };
  }

  #disorder(): KnockDiagnosis | undefined {
    if (this.#isAscending) return undefined;
    return { kind: "order", came: this.#firsts().map(({ step }) => step) };
  }

  get #isAscending(): boolean {
    const steps = this.#firsts().map(({ step }) => step);
    return steps.every((step, i) => step > (steps[i - 1] ?? 0));
  }

  /** The first packet of each step, in the order of their arrival. */
  #firsts(): TraceHit[] {
    return this.#hits.filter(
      ({ step }, i) => this.#hits.findIndex((hit) => hit.step === step) === i,
    );
  }
}
