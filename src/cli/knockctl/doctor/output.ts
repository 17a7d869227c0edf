// What `knockctl doctor` prints. Pure, but for the display.
import { humanDuration } from "../../../base/duration.ts";
import { plural, printable } from "../../../base/text.ts";
import type { Monotonic } from "../../../base/time.ts";
import { formatLocalTime } from "../../../base/time.ts";
import type { KnockTrace } from "../../../daemon/diagnosis/knock-trace.ts";
import type { DoorEffect, SeenPacket } from "../../../daemon/diagnosis/seen-packet.ts";
import type { Io } from "../../program.ts";
import { fitLines } from "../../program.ts";
import type { Color, Screen } from "../../screen.ts";
import { paint } from "../../screen.ts";
import { formatList } from "../../table.ts";
import { shortenTo } from "../../text-width.ts";
import type { AdviceParts } from "./explain.ts";
import { describeEffect, explainTrace, listPorts } from "./explain.ts";
import { explainRefused, explainStrange } from "./explain-keys.ts";
import type { DoctorFacts } from "./facts.ts";
import type { DoctorFinding } from "./findings.ts";
import { listenedInterfaces } from "./findings.ts";
import type { RefusedKnock, StrangeKnock } from "./key-knocks.ts";
import type { SessionDisplay } from "./session.ts";
import type { DoctorVerdict } from "./verdict.ts";

/** Warnings that are shown; the rest are left to `knockctl check`. */
const mostWarnings = 5;

/** Returns what was found before a knock is waited for. */
export function formatFacts(
  facts: DoctorFacts,
  findings: readonly DoctorFinding[],
  screen: Screen,
): string {
  const { checked, config, survey, daemon } = facts;
  const rows: [name: string, value: string][] = [
    ["knockd", describeDaemon(facts)],
    ["configuration", describeConfig(facts)],
    ["listening on", describeInterfaces(facts)],
    ["firewall", describeFirewall(facts)],
    ["kernel", `Linux ${survey.kernel}, ${describeNft(facts)}`],
    ["clock", describeClock(survey.isClockSynchronized)],
  ];
  const kernel = daemon?.doors.flatMap(({ name, kernel }) => (kernel?.opens ? [`[${name}]`] : []));
  if (kernel !== undefined && kernel.length > 0) {
    rows.push(["kernel opens", `${kernel.join(", ")}, also while knockd does not run`]);
  }
  if (!checked.usable || config === undefined) rows.splice(2, 1);
  return `${formatList(rows, screen)}${formatFindings(findings, screen)}`;
}

function describeDaemon({ daemon }: DoctorFacts): string {
  if (daemon === undefined) return "does not run";
  const { release, pid, uptimeMs } = daemon.status;
  return `${release} runs, process ${pid}, up ${humanDuration(uptimeMs)}`;
}

function describeConfig({ checked, daemon }: DoctorFacts): string {
  const { file, usable, doors } = checked;
  if (!usable) return `${file}: cannot be used`;
  const state =
    daemon === undefined || daemon.status.configFile !== file
      ? ""
      : daemon.isConfigStale
        ? ", changed after knockd read it"
        : ", as knockd has read it";
  return `${file}, ${plural(doors, "door")}${state}`;
}

function describeInterfaces({ config, survey, daemon }: DoctorFacts): string {
  const missing = daemon?.status.missingInterfaces ?? [];
  const isAny = config?.options.interfaces === undefined;
  const listened = listenedInterfaces(config, survey.interfaces)
    // All that have no address would be a long list.
    .filter(({ name, addresses }) => !isAny || (name !== "lo" && addresses.length > 0))
    .map(({ name, isUp, addresses }) => {
      const shown = [
        addresses.find((address) => !address.includes(":")),
        addresses.find((address) => address.includes(":") && !address.startsWith("fe80:")),
      ].flatMap((address) => address ?? []);
      return [
        `${name}${isUp ? "" : " (down)"}`,
        ...(shown.length > 0 ? shown : addresses.slice(0, 1)),
      ].join(" ");
    });
  const all = [...listened, ...missing.map((name) => `${name} (missing)`)].join(", ");
  return isAny ? `any: ${all || "no interface with an address"}` : all || "nothing";
}

function describeFirewall({ config, survey, daemon }: DoctorFacts): string {
  const { managers } = survey;
  const { kind = config?.options.firewall ?? "none", protects = [] } =
    daemon?.status.firewall ?? {};
  const what = protects.length === 0 ? "nothing" : protects.join(", ");
  const protection = daemon === undefined ? "" : `, protects ${what}`;
  const beside =
    managers.length === 0 ? "no firewall manager beside it" : `beside ${managers.join(", ")}`;
  return `${kind}${protection}; ${beside}`;
}

function describeNft({ survey: { nft } }: DoctorFacts): string {
  if (nft.version === undefined) return "no nft";
  return `nft ${nft.version}${nft.refusal === undefined ? "" : ", which refuses the rules"}`;
}

function describeClock(isSynchronized: boolean | undefined): string {
  if (isSynchronized === undefined) return "unknown";
  return isSynchronized ? "synchronized" : "not synchronized";
}

function formatFindings(findings: readonly DoctorFinding[], screen: Screen): string {
  const warnings = findings.filter(({ level }) => level === "warning");
  const shown = findings.filter(
    (one) => one.level === "problem" || warnings.indexOf(one) < mostWarnings,
  );
  const more = warnings.length - mostWarnings;
  return [
    ...shown.map((finding) => formatFinding(finding, screen)),
    ...(more > 0 ? [`and ${plural(more, "warning")} more: knockctl check\n`] : []),
  ].join("");
}

function formatFinding({ level, message, place, hints }: DoctorFinding, screen: Screen): string {
  const at = place === undefined ? "" : `${place}: `;
  const text = fitLines(printable(`${level}: ${at}${message}`), screen);
  const lines = hints.map((hint) => fitLines(printable(`hint: ${hint}`), screen));
  const color = level === "problem" ? "red" : "yellow";
  return [paint(screen, color, text), ...lines].map((line) => `${line}\n`).join("");
}

/** Returns the invitation to knock. `lines`: what clients type; none where sequences are used once. */
export function formatInvitation(
  lines: readonly string[],
  { seconds, dry }: { readonly seconds: string; readonly dry: string | undefined },
  screen: Screen,
): string {
  const commands = lines.map((line) => `    ${printable(line)}\n`).join("");
  const how = lines.length === 0 ? "" : `\n${commands}\n`;
  const what = dry === undefined ? "" : `${fitLines(dry, screen)}\n`;
  const title = paint(screen, "bold", `Knock from your client now (${seconds}, Ctrl-C ends):`);
  return `\n${title}\n${how}${what}`;
}

/** Returns the verdict and what to do next. */
export function formatVerdict({ isGood, message, next }: DoctorVerdict, screen: Screen): string {
  const verdict = fitLines(printable(`verdict: ${message}`), screen);
  return `\n${paint(screen, isGood ? "green" : "red", verdict)}\n${fitLines(printable(`next: ${next}`), screen)}\n`;
}

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
      const what = `[${printable(effect.door.name)}] ${describeEffect(effect, interfaceName)}`;
      this.#print(`${start}  ${what}`, colorOf(effect));
    }
    if (this.#shown === mostShown)
      this.#print("too many packets to show: the rest is counted only");
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
    const line = fitLines(printable(`  ${text}`), this.#screen);
    this.#io.stdout(`${paint(this.#screen, "yellow", line)}\n`);
    this.#last = undefined;
  }

  readonly tick = (left: number): void => {
    if (this.#io.terminal === undefined) return;
    this.#hasCountdown = true;
    const text = `listening for ${humanDuration(Math.ceil(left / 1000) * 1000)} more`;
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
