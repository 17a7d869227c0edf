// The console's page: what knockd tells of itself, live, and buttons for what an administrator does.
import type {
  ConsoleDevice,
  ConsoleDoor,
  ConsoleEvent,
  ConsoleLease,
  ConsoleLine,
  ConsoleSections,
} from "../../src/cli/knockctl/console/view.ts";
import type { ConsoleSession } from "./api.ts";
import { act, ConsoleError, forgetSession, openSession } from "./api.ts";
import type { ChartSpan } from "./chart.ts";
import { drawCharts } from "./chart.ts";
import type { PageContext } from "./context.ts";
import { askDevice, makeDeviceRow } from "./devices.ts";
import { PageDialog } from "./dialog.ts";
import { KeyedList, setText } from "./dom.ts";
import { makeDoorRow } from "./doors.ts";
import type { ConsoleWord } from "./english.ts";
import { drawFleet } from "./fleet.ts";
import { LeaseView } from "./leases.ts";
import type { IgnoredRow } from "./panels.ts";
import { askReload, drawKnocks, drawLine, drawProblems, makeIgnoredRow } from "./panels.ts";
import { plain } from "./plain.ts";
import { sayServerText } from "./server-text.ts";
import { follow } from "./stream.ts";
import type { WordValues } from "./words.ts";
import { chooseLanguage, sayIn, sayTime } from "./words.ts";

/** Lines of the log that are shown. */
const mostLines = 50;

function element<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

const language = chooseLanguage(navigator.languages);
/** For dates and numbers: as the reader writes them, in this language. */
const locale = navigator.languages.find((tag) => tag.startsWith(language)) ?? language;
const say = (word: ConsoleWord, values: WordValues = {}) => sayIn(language, word, values);
const sayServer = (text: string) => sayServerText(language, text);
const leases = new Map<string, ConsoleLease>();
let sections: Partial<ConsoleSections> = {};
let session: ConsoleSession | undefined;
/** How far the clock of the console's host is ahead. */
let ahead = 0;
let span: ChartSpan = "hour";
let isFresh = false;

const report = (text: string) => setText(element("message"), text);

const page: PageContext = {
  locale,
  say,
  sayServer,
  sayTime: (milliseconds) => sayTime(language, milliseconds),
  now: () => Date.now() + ahead,
  dialog: new PageDialog(element<HTMLDialogElement>("dialog"), say, sayServer, report),
  readOnly: () => session?.readOnly ?? true,
  sections: () => sections,
  leases: () => leases,
  act: async (action) => {
    if (session === undefined) throw new ConsoleError(401, say("forgot"), []);
    return await act(session, action);
  },
  report,
};

const doorList = new KeyedList<ConsoleDoor>(element("doors"), () => makeDoorRow(page));
const deviceList = new KeyedList<ConsoleDevice>(element("devices"), () => makeDeviceRow(page));
const ignoredRows = new Set<IgnoredRow>();
const ignoredList = new KeyedList<ConsoleSections["ignored"][number]>(element("ignored"), () => {
  const row = makeIgnoredRow(page);
  ignoredRows.add(row);
  return row;
});
const leaseView = new LeaseView(page, element("leases"));

/** Shows each part that an event has changed. */
const show: { readonly [K in keyof ConsoleSections]: (value: ConsoleSections[K]) => void } = {
  host: showHost,
  lost: (lost) => {
    const node = element("lost");
    const time = new Date(lost?.since ?? 0).toLocaleTimeString(locale);
    setText(node, lost === null ? "" : say("lost", { why: sayServer(lost.why).text, time }));
    document.body.dataset["lost"] = lost === null ? "no" : "yes";
  },
  problems: (problems) => {
    element("problems").replaceChildren(...drawProblems(page, problems));
    setText(element("problem-count"), problems.length === 0 ? "" : `${problems.length}`);
    element("problem-part").dataset["count"] = `${problems.length}`;
    element("no-problems").hidden = problems.length > 0;
  },
  doors: (doors) => {
    doorList.show(doors.map((door, i) => [`${i} ${door.name}`, door]));
    element("no-doors").hidden = doors.length > 0;
  },
  knocks: (knocks) => element("knocks").replaceChildren(...drawKnocks(page, knocks)),
  ignored: (ignored) => {
    ignoredList.show(ignored.map((one) => [one.source, one]));
    for (const row of ignoredRows) if (row.node.parentNode === null) ignoredRows.delete(row);
    element("no-ignored").hidden = ignored.length > 0;
  },
  devices: (devices) => {
    deviceList.show(devices.map((device) => [device.name, device]));
    element("no-devices").hidden = devices.length > 0;
  },
  traffic: drawTraffic,
  fleet: (fleet) => {
    element("fleet-part").hidden = fleet === null;
    element("fleet").replaceChildren(...(fleet === null ? [] : drawFleet(page, fleet)));
  },
};

function showHost({ name, release, startedAt, protects }: ConsoleSections["host"]): void {
  setText(element("host"), plain(name));
  document.title = `${plain(name)} · ${say("title")}`;
  const up = say("up", { release, time: page.sayTime(Math.max(60_000, page.now() - startedAt)) });
  const services = protects.map(plain).join(", ");
  const guarded = services === "" ? [] : [say("protects", { services })];
  setText(element("daemon"), [up, ...guarded].join(" · "));
}

function drawTraffic(): void {
  const { traffic = [] } = sections;
  element("charts").replaceChildren(...drawCharts(page, traffic, span));
  for (const one of ["hour", "day"] as const) {
    element(one).setAttribute("aria-pressed", `${one === span}`);
  }
}

function begin(): void {
  isFresh = true;
  setText(element("state"), say("live"));
  document.body.dataset["stream"] = "live";
}

function take({ now, sections: changed, put, gone, lines }: ConsoleEvent): void {
  ahead = now - Date.now();
  if (isFresh) {
    leases.clear();
    element("log").replaceChildren();
    isFresh = false;
  }
  sections = { ...sections, ...changed };
  for (const lease of put) leases.set(lease.key, lease);
  for (const key of gone) leases.delete(key);
  for (const [name, value] of Object.entries(changed)) {
    // Each value is of the part with its name.
    const draw = show[name as keyof ConsoleSections] as ((value: unknown) => void) | undefined;
    draw?.(value);
  }
  if (put.length + gone.length > 0 || changed.doors !== undefined) leaseView.show();
  setText(element("lease-count"), `${leases.size}`);
  addLines(lines);
}

function addLines(lines: readonly ConsoleLine[]): void {
  const log = element("log");
  log.prepend(...lines.map((line) => drawLine(page, line)).reverse());
  while (log.childElementCount > mostLines) log.lastElementChild?.remove();
  element("no-log").hidden = log.childElementCount > 0;
}

function tick(): void {
  leaseView.tick();
  for (const { tick } of ignoredRows) tick();
}

/** Each minute: what is said in minutes, and the charts, whose time goes on. */
function tickMinute(): void {
  if (sections.host !== undefined) showHost(sections.host);
  if (sections.doors !== undefined) show.doors(sections.doors);
  if (sections.devices !== undefined) show.devices(sections.devices);
  if (sections.traffic !== undefined) drawTraffic();
  if (sections.fleet !== undefined) show.fleet(sections.fleet);
}

function away(status: number | undefined): void {
  const why = status === 503 ? "full" : "away";
  document.body.dataset["stream"] = "away";
  setText(element("state"), say(why));
}

function shutOut(word: ConsoleWord): void {
  forgetSession();
  session = undefined;
  document.body.dataset["view"] = "entrance";
  setText(element("entrance"), say(word));
}

async function start(): Promise<void> {
  try {
    session = await openSession();
  } catch (error) {
    return shutOut(error instanceof ConsoleError && error.status === 401 ? "used" : "away");
  }
  if (session === undefined) return shutOut("entrance");
  document.body.dataset["view"] = "console";
  document.body.dataset["readonly"] = session.readOnly ? "yes" : "no";
  setText(element("state"), say("connecting"));
  setInterval(tick, 1000);
  setInterval(tickMinute, 60_000);
  await follow(session.bearer, { onBegin: begin, onEvent: take, onAway: away });
  shutOut("forgot");
}

document.documentElement.lang = language;
for (const node of document.querySelectorAll<HTMLElement>("[data-word]")) {
  setText(node, say(node.dataset["word"] as ConsoleWord));
}
for (const one of ["hour", "day"] as const) {
  element(one).addEventListener("click", () => {
    span = one;
    drawTraffic();
  });
}
element("reload").addEventListener("click", () => askReload(page));
element("add-device").addEventListener("click", () => askDevice(page));
document.querySelector(".skip")?.addEventListener("click", (event) => {
  // What follows # is a token: another text there ends the session of this tab.
  event.preventDefault();
  element("lease-part").focus();
});
addEventListener("hashchange", () => location.reload());
void start();
