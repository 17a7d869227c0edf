// What `knockctl doctor` prints before and after a knock. Pure.
import { humanDuration } from "../../../base/duration.ts";
import { plural, printable } from "../../../base/text.ts";
import { fitLines } from "../../program.ts";
import type { Screen } from "../../screen.ts";
import { paint } from "../../screen.ts";
import { formatList } from "../../table.ts";
import { doctorWords } from "../../words/doctor.ts";
import { localize } from "../../words/korean.ts";
import type { DoctorFacts } from "./facts.ts";
import type { DoctorFinding } from "./findings.ts";
import { listenedInterfaces } from "./findings.ts";
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
  const words = doctorWords();
  const rows: [name: string, value: string][] = [
    ["knockd", describeDaemon(facts)],
    [words.configuration, describeConfig(facts)],
    [words.listening, describeInterfaces(facts)],
    [words.firewall, describeFirewall(facts)],
    [words.kernel, `Linux ${survey.kernel}, ${describeNft(facts)}`],
    [words.clock, describeClock(survey.isClockSynchronized)],
  ];
  const kernel = daemon?.doors.flatMap(({ name, kernel }) => (kernel?.opens ? [`[${name}]`] : []));
  if (kernel !== undefined && kernel.length > 0) {
    rows.push([
      words.kernelOpens,
      localize(`${kernel.join(", ")}, also while knockd does not run`),
    ]);
  }
  if (!checked.usable || config === undefined) rows.splice(2, 1);
  return `${formatList(rows, screen)}${formatFindings(findings, screen)}`;
}

function describeDaemon({ daemon }: DoctorFacts): string {
  if (daemon === undefined) return localize("does not run");
  const { release, pid, uptimeMs } = daemon.status;
  return localize(`${release} runs, process ${pid}, up ${humanDuration(uptimeMs)}`);
}

function describeConfig({ checked, daemon }: DoctorFacts): string {
  const { file, usable, doors } = checked;
  if (!usable) return localize(`${file}: cannot be used`);
  const state =
    daemon === undefined || daemon.status.configFile !== file
      ? ""
      : daemon.isConfigStale
        ? ", changed after knockd read it"
        : ", as knockd has read it";
  return localize(`${file}, ${plural(doors, "door")}${state}`);
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
  const all = [...listened, ...missing.map((name) => `${name} (missing)`)].map(localize).join(", ");
  const words = doctorWords();
  return isAny ? words.any(all || localize("no interface with an address")) : all || words.nothing;
}

function describeFirewall({ config, survey, daemon }: DoctorFacts): string {
  const { managers } = survey;
  const { kind = config?.options.firewall ?? "none", protects = [] } =
    daemon?.status.firewall ?? {};
  const what = protects.length === 0 ? "nothing" : protects.join(", ");
  const protection = daemon === undefined ? "" : `, protects ${what}`;
  const beside =
    managers.length === 0 ? "no firewall manager beside it" : `beside ${managers.join(", ")}`;
  return localize(`${kind}${protection}; ${beside}`);
}

function describeNft({ survey: { nft } }: DoctorFacts): string {
  if (nft.version === undefined) return localize("no nft");
  return localize(
    `nft ${nft.version}${nft.refusal === undefined ? "" : ", which refuses the rules"}`,
  );
}

function describeClock(isSynchronized: boolean | undefined): string {
  const words = doctorWords();
  if (isSynchronized === undefined) return words.unknown;
  return isSynchronized ? words.synchronized : localize("not synchronized");
}

function formatFindings(findings: readonly DoctorFinding[], screen: Screen): string {
  const warnings = findings.filter(({ level }) => level === "warning");
  const shown = findings.filter(
    (one) => one.level === "problem" || warnings.indexOf(one) < mostWarnings,
  );
  const more = warnings.length - mostWarnings;
  return [
    ...shown.map((finding) => formatFinding(finding, screen)),
    ...(more > 0 ? [localize(`and ${plural(more, "warning")} more: knockctl check\n`)] : []),
  ].join("");
}

function formatFinding({ level, message, place, hints }: DoctorFinding, screen: Screen): string {
  const at = place === undefined ? "" : `${place}: `;
  const words = doctorWords();
  const text = fitLines(printable(`${words[level]}: ${at}${localize(message)}`), screen);
  const lines = hints.map((hint) =>
    fitLines(printable(`${words.hint}: ${localize(hint)}`), screen),
  );
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
  const what = dry === undefined ? "" : `${fitLines(localize(dry), screen)}\n`;
  const title = paint(
    screen,
    "bold",
    localize(`Knock from your client now (${seconds}, Ctrl-C ends):`),
  );
  return `\n${title}\n${how}${what}`;
}

/** Returns the verdict and what to do next. */
export function formatVerdict({ isGood, message, next }: DoctorVerdict, screen: Screen): string {
  const words = doctorWords();
  const verdict = fitLines(printable(`${words.verdict}: ${localize(message)}`), screen);
  const step = fitLines(printable(`${words.next}: ${localize(next)}`), screen);
  return `\n${paint(screen, isGood ? "green" : "red", verdict)}\n${step}\n`;
}
