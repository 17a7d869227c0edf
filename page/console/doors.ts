// The doors: what each opens, its state, and who may open it.
import { parseDuration } from "../../src/base/duration.ts";
import type { ConsoleDoor } from "../../src/cli/knockctl/console/view.ts";
import { ConsoleError } from "./api.ts";
import type { PageContext } from "./context.ts";
import { request } from "./context.ts";
import type { ListRow } from "./dom.ts";
import { make, makeButton, setText } from "./dom.ts";
import { plain } from "./plain.ts";

/** Makes the row of a door. */
export function makeDoorRow(page: PageContext): ListRow<ConsoleDoor> {
  const name = make("strong");
  const state = make("span", { class: "state" });
  const opens = make("span", { class: "faint" });
  const users = make("p", { class: "faint" });
  const last = make("p", { class: "faint" });
  let shown: ConsoleDoor | undefined;
  const open = makeButton(page.say("open"), () => shown && askOpen(page, shown), { class: "act" });
  const rotate = makeButton(page.say("rotate"), () => shown && askRotate(page, shown), {
    class: "act",
  });
  const node = make(
    "li",
    {},
    make("div", { class: "head" }, name, opens, state),
    users,
    last,
    make("div", { class: "acts" }, open, rotate),
  );
  const show = (door: ConsoleDoor) => {
    shown = door;
    setText(name, plain(door.name));
    setText(opens, describeOpens(page, door));
    setText(state, describeState(page, door));
    state.dataset["state"] = door.open > 0 ? "open" : door.state;
    setText(users, describeUsers(page, door));
    setText(last, describeLast(page, door));
    rotate.hidden = !door.rotates;
    open.setAttribute("aria-label", `${page.say("open")}: ${plain(door.name)}`);
    rotate.setAttribute("aria-label", `${page.say("rotate")}: ${plain(door.name)}`);
  };
  return { node, show };
}

function describeOpens({ say, sayTime }: PageContext, { opens, lastsMs }: ConsoleDoor): string {
  const what = opens.length === 0 ? say("byCommand") : opens.map(plain).join(", ");
  return lastsMs === undefined ? what : `${what} · ${say("lasts", { time: sayTime(lastsMs) })}`;
}

function describeState({ say, locale }: PageContext, door: ConsoleDoor): string {
  const { state, open, until, lastsMs } = door;
  const end = until && new Date(until).toLocaleString(locale);
  if (state === "disabled") return end ? say("ended", { time: end }) : say("disabled");
  const shut = say(lastsMs === undefined ? "untracked" : "shut");
  const now = open > 0 ? say("openFor", { count: open }) : shut;
  return end ? `${now} · ${say("until", { time: end })}` : now;
}

/** How many devices of a door are named. */
const mostNames = 8;

function describeUsers({ say }: PageContext, { steps, devices, from }: ConsoleDoor): string {
  const more = devices.length > mostNames ? [`+ ${devices.length - mostNames}`] : [];
  const names = [...devices.slice(0, mostNames).map(plain), ...more];
  const ways = [...(steps > 0 ? [say("sequence", { count: steps })] : []), ...names];
  if (ways.length === 0) ways.push(say("noUsers"));
  const networks = from?.map(plain).join(", ");
  return `${ways.join(", ")}${networks === undefined ? "" : ` · ${say("anyFrom", { networks })}`}`;
}

function describeLast({ say, sayTime, now }: PageContext, { lastOpening }: ConsoleDoor): string {
  if (lastOpening === undefined) return "";
  const { time, source, who } = lastOpening;
  // In minutes: the row would change each second.
  const ago = Math.max(60_000, Math.floor((now() - Date.parse(time)) / 60_000) * 60_000);
  const from = who === undefined ? source : `${source} (${plain(who)})`;
  return say("last", { source: from, time: sayTime(ago) });
}

function askOpen(page: PageContext, door: ConsoleDoor): void {
  const { say, sayTime, dialog } = page;
  const usual = door.lastsMs;
  dialog.ask({
    title: say("openTitle", { door: plain(door.name) }),
    confirm: say("open"),
    fields: [
      {
        ...{ name: "address", label: say("address"), hint: say("addressHint") },
        isRequired: true,
      },
      ...(usual === undefined
        ? []
        : [{ name: "time", label: say("time"), hint: say("timeHint", { time: sayTime(usual) }) }]),
    ],
    onConfirm: async (values) => {
      const [address, time] = [values.get("address"), values.get("time")];
      const forMs = time === undefined ? undefined : parseDuration(time);
      if (time !== undefined && !forMs) throw new ConsoleError(400, say("wrongTime"), []);
      const length = forMs === undefined ? {} : { forMs };
      await page.act(request("open", { door: door.name, address, ...length }));
      page.report(say("opened", { door: plain(door.name), source: address ?? "" }));
    },
  });
}

const day = 86_400_000;

interface RotationResult {
  readonly strength: string;
  readonly reloaded: boolean;
  /** What `knockctl check` finds in the changed configuration: a line each. */
  readonly warnings: readonly string[];
  readonly old?: { readonly name: string; readonly until: string };
  readonly lines?: { readonly linux: string; readonly profile: string; readonly ssh?: string };
}

function askRotate(page: PageContext, { name }: ConsoleDoor): void {
  const { say, dialog } = page;
  const door = plain(name);
  dialog.ask({
    title: say("rotateTitle", { door }),
    content: [make("p", {}, say("rotateText"))],
    confirm: say("rotate"),
    fields: [
      {
        name: "host",
        label: say("host"),
        value: page.sections().host?.name ?? "",
        isRequired: true,
      },
      {
        ...{ name: "keep", label: say("keepOld"), value: "7" },
        choices: [
          ["0", say("keepNone")],
          ...["1", "7", "30"].map((count) => [count, say("keepDays", { count })] as const),
        ],
      },
    ],
    onConfirm: async (values) => {
      const keepOldMs = Number(values.get("keep")) * day;
      const action = { action: "rotate", door: name, host: values.get("host"), keepOldMs };
      const result = (await page.act(action)) as RotationResult;
      const { old, lines, strength, reloaded, warnings } = result;
      const worth = page.sayServer(strength);
      dialog.tell(say("rotated", { door }), [
        make("p", { lang: worth.lang }, worth.text),
        ...(old
          ? [make("p", {}, say("rotatedOld", { time: old.until, name: plain(old.name) }))]
          : []),
        ...(reloaded ? [] : [make("p", { class: "bad" }, say("notReloaded"))]),
        make("p", {}, say("rotatedSecret")),
        ...[lines?.linux, lines?.profile, lines?.ssh].flatMap((text) =>
          text === undefined ? [] : [make("pre", { tabindex: 0 }, text)],
        ),
        ...warnings
          .map(page.sayServer)
          .map(({ text, lang }) => make("pre", { lang, tabindex: 0 }, text)),
      ]);
    },
  });
}
