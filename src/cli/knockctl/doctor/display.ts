// What `knockctl doctor` shows while it listens.
import { humanDuration } from "../../../base/duration.ts";
import { printable } from "../../../base/text.ts";
import type { Monotonic } from "../../../base/time.ts";
import { formatLocalTime } from "../../../base/time.ts";
import type { KnockTrace } from "../../../daemon/diagnosis/knock-trace.ts";
import type { DoorEffect, SeenPacket } from "../../../daemon/diagnosis/seen-packet.ts";
import type { Io } from "../../program.ts";
import { fitLines } from "../../program.ts";
import type { Color, Screen } from "../../screen.ts";
import { paint } from "../../screen.ts";
import { shortenTo } from "../../text-width.ts";
import { localize } from "../../words/korean.ts";
import type { AdviceParts } from "./explain.ts";
import { describeEffect, explainTrace, listPorts } from "./explain.ts";
import { explainRefused, explainStrange } from "./explain-keys.ts";
import type { RefusedKnock, StrangeKnock } from "./key-knocks.ts";
import type { SessionDisplay } from "./session.ts";

/** Packets that are shown; a flood must not scroll everything away. */
const mostShown = 500;

/** A pause after which the times of a source begin at 0 again: milliseconds. */
const pause = 10_000;

interface DisplayParts extends AdviceParts {
  readonly knockPorts: readonly number[];
}

/** Shows packets as they come; on a terminal, also how much time is left. */
export class DoctorDisplay implements SessionDisplay {
  readonly #io: Io;
  readonly #screen: Screen;
  readonly #parts: DisplayParts;
  #shown = 0;
  #last:
    | { readonly source: string; readonly begin: Monotonic; readonly time: Monotonic }
    | undefined;
  #hasCountdown = false;

  constructor(io: Io, screen: Screen, parts: DisplayParts) {
    this.#io = io;
    this.#screen = screen;
    this.#parts = parts;
  }

  readonly packet = ({ source, port, time, interfaceName, effects }: SeenPacket): void => {
    this.#shown++;
    if (this.#shown > mostShown) return;
    const text = `${source}`;
    const last = this.#last;
    const main = mainEffects(effects);
    const isFirst = main.every(({ kind, step }) => kind === "stage" && step === 1);
    const goesOn = !isFirst && last?.source === text && time - last.time < pause;
    const begin = goesOn ? last.begin : time;
    this.#last = { source: text, begin, time };
    if (!goesOn) this.#print(`${formatLocalTime(new Date()).slice(-8)}  ${text}`);
    const start = `${((time - begin) / 1000).toFixed(3).padStart(8)}s  ${listPorts([port]).padEnd(9)}`;
    for (const effect of main) {
      const effectText = localize(describeEffect(effect, interfaceName));
      const what = `[${printable(effect.door.name)}] ${effectText}`;
      this.#print(`${start}  ${what}`, colorOf(effect));
    }
    if (this.#shown === mostShown)
      this.#print(localize("too many packets to show: the rest is counted only"));
  };

  readonly attempt = (trace: KnockTrace): void => {
    if (this.#shown > mostShown) return;
    this.#explain(explainTrace(trace, this.#parts).message);
  };

  readonly refused = (knock: RefusedKnock): void => {
    this.#explain(`knock by key: ${explainRefused(knock, this.#parts).message}`);
  };

  readonly strange = (knock: StrangeKnock): void => {
    this.#explain(explainStrange(knock, this.#parts).message);
  };

  /** Prints why a knock has come to nothing. */
  #explain(text: string): void {
    this.#shown++;
    if (this.#shown > mostShown) return;
    this.#clear();
    const line = fitLines(printable(`  ${localize(text)}`), this.#screen);
    this.#io.stdout(`${paint(this.#screen, "yellow", line)}\n`);
    this.#last = undefined;
  }

  readonly tick = (left: number): void => {
    if (this.#io.terminal === undefined) return;
    this.#hasCountdown = true;
    const time = humanDuration(Math.ceil(left / 1000) * 1000);
    const text = localize(`listening for ${time} more`);
    this.#io.stdout(`\r${shortenTo(text, this.#screen.columns - 1)}\u001b[K`);
  };

  /** Removes the line that counts down. */
  end(): void {
    this.#clear();
  }

  #print(text: string, color?: Color): void {
    this.#clear();
    this.#io.stdout(`${paint(this.#screen, color, shortenTo(text, this.#screen.columns))}\n`);
  }

  #clear(): void {
    if (this.#hasCountdown) this.#io.stdout("\r\u001b[K");
    this.#hasCountdown = false;
  }
}

/** Where a packet is the next step of one door, it is of no interest that others have its port, too. */
function mainEffects(effects: readonly DoorEffect[]): readonly DoorEffect[] {
  const main = effects.filter(({ kind }) => kind === "open" || kind === "stage");
  return main.length > 0 ? main : effects;
}

function colorOf({ kind }: DoorEffect): Color | undefined {
  if (kind === "open") return "green";
  return kind === "stage" || kind === "repeat" || kind === "retransmission" ? undefined : "yellow";
}
