// The smaller parts of the page: problems, knocks under way, ignored sources, the log.
import type {
  ConsoleLine,
  ConsoleProblem,
  ConsoleSections,
} from "../../src/cli/knockctl/console/view.ts";
import type { PageContext } from "./context.ts";
import { request } from "./context.ts";
import type { ListRow } from "./dom.ts";
import { make, makeButton, makeSvg, setText } from "./dom.ts";
import { plain } from "./plain.ts";

type Ignored = ConsoleSections["ignored"][number];

/** Makes an item for each problem, with what mends it. */
export function drawProblems(
  { sayServer }: Pick<PageContext, "sayServer">,
  problems: readonly ConsoleProblem[],
): HTMLElement[] {
  return problems.map(({ message, hints }) => {
    const problem = sayServer(message);
    return make(
      "li",
      {},
      make("strong", { lang: problem.lang }, problem.text),
      ...hints.map(sayServer).map(({ text, lang }) => make("code", { lang }, text)),
    );
  });
}

/** Draws how many knocks are at which step. */
export function drawKnocks({ say }: PageContext, knocks: readonly number[]): HTMLElement[] {
  const most = Math.max(...knocks, 1);
  const rows = knocks.flatMap((count, i) =>
    count === 0
      ? []
      : [
          make(
            "li",
            {},
            make("span", {}, say("stage", { stage: i + 1 })),
            makeSvg(
              "svg",
              { viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
              makeSvg("rect", {
                class: "bars",
                width: Math.max(1, (100 * count) / most),
                height: 8,
              }),
            ),
            make("strong", {}, `${count}`),
          ),
        ],
  );
  return rows.length === 0 ? [make("li", { class: "faint" }, say("noKnocks"))] : rows;
}

export interface IgnoredRow extends ListRow<Ignored> {
  readonly tick: () => void;
}

/** Makes the row of a source that is ignored. */
export function makeIgnoredRow(page: PageContext): IgnoredRow {
  const { say, sayTime, now } = page;
  const source = make("strong");
  const left = make("span", { class: "faint" });
  let shown: Ignored | undefined;
  const forgive = makeButton(say("forgive"), () => shown && void forgiveSource(page, shown), {
    class: "act",
  });
  const node = make("li", {}, make("div", { class: "head" }, source, left, forgive));
  const tick = () => {
    if (shown) setText(left, say("ignoredLeft", { time: sayTime(shown.until - now()) }));
  };
  const show = (ignored: Ignored) => {
    shown = ignored;
    setText(source, ignored.source);
    forgive.setAttribute("aria-label", `${say("forgive")}: ${ignored.source}`);
    tick();
  };
  return { node, show, tick };
}

async function forgiveSource(page: PageContext, { source }: Ignored): Promise<void> {
  try {
    await page.act(request("forgive", { address: source }));
    page.report(page.say("forgiven", { source }));
  } catch (error) {
    page.report(page.dialog.describe(error));
  }
}

/** Makes an item for a line of the log. */
export function drawLine(
  { locale }: PageContext,
  { time, level, message }: ConsoleLine,
): HTMLElement {
  const clock = new Date(time).toLocaleTimeString(locale, { hour12: false });
  const grave = level === "warning" || level === "error" ? `${level}: ` : "";
  return make(
    "li",
    { lang: "en", "data-level": level },
    make("time", { datetime: time }, clock),
    make("span", {}, `${grave}${plain(message)}`),
  );
}

interface ReloadResult {
  readonly kind: "reloaded" | "refused";
  readonly file: string;
  readonly added?: readonly string[];
  readonly removed?: readonly string[];
  readonly changed?: readonly string[];
  readonly options?: readonly string[];
  readonly warnings?: readonly string[];
  readonly problems?: readonly string[];
}

/** Asks, reloads, and shows the difference. */
export function askReload(page: PageContext): void {
  const { say, dialog } = page;
  const file = plain(page.sections().host?.configFile ?? "");
  dialog.ask({
    title: say("reload"),
    content: [make("p", {}, say("reloadAsk", { file }))],
    confirm: say("reload"),
    onConfirm: async () => {
      const result = (await page.act(request("reload", {}))) as ReloadResult;
      const isDone = result.kind === "reloaded";
      dialog.tell(
        isDone ? say("reloadDone", { file }) : say("reloadRefused"),
        drawReload(page, result),
      );
    },
  });
}

function drawReload({ say, sayServer }: PageContext, result: ReloadResult): HTMLElement[] {
  const { problems = [], warnings = [] } = result;
  const changes = (["added", "removed", "changed", "options"] as const).flatMap((what) => {
    const names = result[what] ?? [];
    if (names.length === 0) return [];
    return [make("dt", {}, say(what)), make("dd", {}, names.map(plain).join(", "))];
  });
  const notes = [...problems, ...warnings]
    .map(sayServer)
    .map(({ text, lang }) => make("pre", { lang, tabindex: 0 }, text));
  if (changes.length > 0) return [make("dl", {}, ...changes), ...notes];
  return [...(result.kind === "reloaded" ? [make("p", {}, say("unchanged"))] : []), ...notes];
}
