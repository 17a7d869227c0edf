// What is open: the newest first, with a bar of the time that is left.
import type { ConsoleLease } from "../../src/cli/knockctl/console/view.ts";
import type { PageContext } from "./context.ts";
import { request } from "./context.ts";
import type { ListRow } from "./dom.ts";
import { KeyedList, make, makeButton, setText } from "./dom.ts";
import { plain } from "./plain.ts";

/** So many leases are shown at first, and more at each press. */
const pageful = 100;

interface LeaseItem extends ListRow<ConsoleLease> {
  /** Shows the time that is left. */
  readonly tick: () => void;
}

export class LeaseView {
  readonly #page: PageContext;
  readonly #list: KeyedList<ConsoleLease>;
  readonly #rows = new Map<Node, LeaseItem>();
  readonly #node: HTMLElement;
  readonly #note: HTMLElement;
  readonly #more: HTMLButtonElement;
  readonly #search: HTMLInputElement;
  #most = pageful;

  constructor(page: PageContext, place: HTMLElement) {
    this.#page = page;
    const { say } = page;
    this.#search = make("input", {
      type: "search",
      "aria-label": say("search"),
      placeholder: say("search"),
    });
    this.#search.addEventListener("input", () => this.show());
    this.#node = make("ul", { class: "rows" });
    this.#note = make("p", { class: "faint" });
    this.#more = makeButton("", () => {
      this.#most += pageful;
      this.show();
    });
    place.append(this.#search, this.#note, this.#node, this.#more);
    this.#list = new KeyedList(this.#node, () => {
      const row = makeLeaseRow(page);
      this.#rows.set(row.node, row);
      return row;
    });
  }

  /** Shows the leases that the search finds. */
  show(): void {
    const { say, leases } = this.#page;
    const all = [...leases().values()];
    const words = this.#search.value.toLowerCase();
    const found = words === "" ? all : all.filter((lease) => isAbout(lease, words));
    found.sort((a, b) => b.since - a.since || (a.key < b.key ? -1 : 1));
    this.#list.show(found.slice(0, this.#most).map((lease) => [lease.key, lease]));
    for (const node of this.#rows.keys()) if (node.parentNode === null) this.#rows.delete(node);
    const hidden = found.length - this.#most;
    this.#more.hidden = hidden <= 0;
    setText(this.#more, say("more", { count: hidden }));
    this.#search.hidden = all.length < 10 && words === "";
    const note = all.length === 0 ? say("noLeases") : found.length === 0 ? say("noMatch") : "";
    setText(this.#note, note);
  }

  /** A second has passed. */
  tick(): void {
    for (const { tick } of this.#rows.values()) tick();
  }
}

function isAbout({ door, source, by }: ConsoleLease, words: string): boolean {
  return [door, source, ...by].some((text) => text.toLowerCase().includes(words));
}

function makeLeaseRow(page: PageContext): LeaseItem {
  const { say, sayTime, now } = page;
  const door = make("strong");
  const source = make("span", { class: "source" });
  const holders = make("span", { class: "faint" });
  const left = make("span", { class: "left" });
  const fill = make("span", { class: "fill" });
  const failure = make("p", { class: "bad" });
  let shown: ConsoleLease | undefined;
  const extend = makeButton(say("extend"), () => shown && void extendLease(page, shown), {
    class: "act",
  });
  const close = makeButton(say("close"), () => shown && askClose(page, shown), { class: "act" });
  const node = make(
    "li",
    {},
    make("div", { class: "head" }, door, source, holders, left),
    make("div", { class: "bar", "aria-hidden": "true" }, fill),
    failure,
    make("div", { class: "acts" }, extend, close),
  );
  const tick = () => {
    if (shown === undefined) return;
    const { until, since, state } = shown;
    const rest = until - now();
    const share = Math.max(0, Math.min(1, rest / Math.max(1, until - since)));
    fill.style.transform = `scaleX(${share.toFixed(3)})`;
    if (state !== "open") setText(left, say(state));
    else setText(left, rest > 0 ? say("left", { time: sayTime(rest) }) : say("overdue"));
  };
  const show = (lease: ConsoleLease) => {
    shown = lease;
    const by = lease.by.map((holder) => sayHolder(page, holder)).join(", ");
    const at = lease.gateway === undefined ? "" : say("gateway", { gateway: plain(lease.gateway) });
    const places = lease.openAt?.map(plain).join(", ");
    const openAt = places === undefined ? "" : say("openAt", { gateways: places });
    setText(door, plain(lease.door));
    setText(source, lease.source);
    setText(holders, [by, at, openAt].filter((text) => text !== "").join(" · "));
    setText(
      failure,
      lease.failure === undefined ? "" : say("failed", { why: page.sayServer(lease.failure).text }),
    );
    const name = `${plain(lease.door)}, ${lease.source}`;
    extend.setAttribute("aria-label", `${say("extend")}: ${name}`);
    close.setAttribute("aria-label", `${say("close")}: ${name}`);
    extend.hidden = lastsOf(page, lease) === undefined;
    tick();
  };
  return { node, show, tick };
}

function sayHolder({ say }: PageContext, holder: string): string {
  if (holder === "knockctl") return say("administrator");
  return holder === "sequence" ? say("bySequence") : plain(holder);
}

function lastsOf({ sections }: PageContext, { door }: ConsoleLease): number | undefined {
  return sections().doors?.find(({ name }) => name === door)?.lastsMs;
}

/** Adds the time that a knock would give to what is left. */
async function extendLease(page: PageContext, lease: ConsoleLease): Promise<void> {
  const { say, sayTime, now } = page;
  const { door, source, until } = lease;
  const forMs = Math.round(Math.max(0, until - now()) + (lastsOf(page, lease) ?? 0));
  try {
    await page.act(request("extend", { door, address: source, forMs }));
    page.report(say("extended", { door: plain(door), source, time: sayTime(forMs) }));
  } catch (error) {
    page.report(page.dialog.describe(error));
  }
}

/** Asks, and names what ends. */
function askClose(page: PageContext, lease: ConsoleLease): void {
  const { say, sayTime, now } = page;
  const { source, by, kind, until } = lease;
  const door = plain(lease.door);
  const opens = page.sections().doors?.find(({ name }) => name === lease.door)?.opens ?? [];
  const names = by.map((holder) => sayHolder(page, holder)).join(", ");
  const holders = { holders: names, time: sayTime(until - now()) };
  const ends =
    kind === "native"
      ? say("closeNative", { services: opens.map(plain).join(", ") })
      : say("closeCommand");
  page.dialog.ask({
    title: say("closeTitle", { door, source }),
    content: [make("p", {}, say("closeHolders", holders)), make("p", {}, ends)],
    fields: [{ name: "cut", label: say("cut"), type: "checkbox" }],
    confirm: say("close"),
    onConfirm: async (values) => {
      const cut = values.has("cut");
      const answer = await page.act(request("close", { door: lease.door, address: source, cut }));
      const { closed, connectionsCut, fleet } = answer as {
        readonly closed: readonly unknown[];
        readonly connectionsCut: number;
        readonly fleet?: { readonly missing: readonly { readonly gateway: string }[] };
      };
      const missing = fleet?.missing.map(({ gateway }) => plain(gateway)).join(", ") ?? "";
      const late = missing === "" ? "" : ` ${say("notYetAt", { gateways: missing })}`;
      const done = cut
        ? say("closedCut", { door, source, count: connectionsCut })
        : say("closed", { door, source });
      page.report(`${closed.length === 0 ? say("wasClosed") : done}${late}`);
    },
  });
}
