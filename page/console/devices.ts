// The devices of the users file, and how one is added or removed.
import type { ConsoleDevice, ConsoleKey } from "../../src/cli/knockctl/console/view.ts";
import type { PageContext } from "./context.ts";
import type { DialogQuestion, DialogValues } from "./dialog.ts";
import type { ListRow } from "./dom.ts";
import { make, makeButton, makeSvg, setText } from "./dom.ts";
import { plain } from "./plain.ts";

/** Makes the row of a device. */
export function makeDeviceRow(page: PageContext): ListRow<ConsoleDevice> {
  const { say } = page;
  const name = make("strong");
  const state = make("span", { class: "state" });
  const doors = make("span", { class: "faint" });
  const keys = make("p", { class: "faint" });
  let shown: ConsoleDevice | undefined;
  const remove = makeButton(say("remove"), () => shown && askRemove(page, shown), { class: "act" });
  const node = make(
    "li",
    {},
    make("div", { class: "head" }, name, doors, state),
    keys,
    make("div", { class: "acts" }, remove),
  );
  const show = (device: ConsoleDevice) => {
    shown = device;
    const opens = device.doors.map(plain).join(", ");
    setText(name, plain(device.name));
    setText(doors, opens === "" ? say("opensNone") : say("opens", { doors: opens }));
    setText(state, describeState(page, device));
    state.dataset["state"] = device.state === "enabled" ? "" : "disabled";
    setText(keys, device.keys.map((key) => describeKey(page, key)).join(" / "));
    remove.setAttribute("aria-label", `${say("remove")}: ${plain(device.name)}`);
  };
  return { node, show };
}

function describeState({ say }: PageContext, { state, expires }: ConsoleDevice): string {
  if (state === "enabled") return expires === undefined ? "" : say("expires", { day: expires });
  return say(state);
}

function describeKey({ say, sayTime, now }: PageContext, key: ConsoleKey): string {
  const { lastKnock, refusals } = key;
  const refused = refusals === 0 ? [] : [say("refused", { count: refusals })];
  if (lastKnock === undefined) return [say("noKnock"), ...refused].join(", ");
  const { time, source, offsetMs } = lastKnock;
  const ago = sayTime(Math.max(0, now() - Date.parse(time)));
  const off = sayTime(Math.abs(offsetMs));
  const clock =
    Math.abs(offsetMs) < 1000
      ? []
      : [say(offsetMs > 0 ? "clockAhead" : "clockBehind", { time: off })];
  return [say("lastKnock", { time: ago, source }), ...clock, ...refused].join(", ");
}

/** Asks, and names what ends. */
function askRemove(page: PageContext, { name }: ConsoleDevice): void {
  const { say } = page;
  const device = plain(name);
  const ends = [...page.leases().values()].filter(({ by }) => by.length === 1 && by[0] === name);
  const leases = ends.map(({ door, source }) => `${plain(door)} (${source})`).join(", ");
  page.dialog.ask({
    title: say("removeTitle", { device }),
    content: [
      make("p", {}, say("removeText")),
      make("p", {}, leases === "" ? say("removeNothing") : say("removeEnds", { leases })),
    ],
    confirm: say("remove"),
    onConfirm: async () => {
      const answer = await page.act({ action: "remove-device", name });
      const { reloaded, stillAcceptedAt } = answer as {
        readonly reloaded: boolean;
        readonly stillAcceptedAt: readonly string[];
      };
      const gateways = stillAcceptedAt.map(plain).join(", ");
      const still = gateways === "" ? "" : ` ${say("stillAt", { gateways })}`;
      page.report(`${reloaded ? say("removedDevice", { device }) : say("notReloaded")}${still}`);
    },
  });
}

/** Asks for a new device, shows what that changes, and then its key. */
export function askDevice(page: PageContext): void {
  const { say } = page;
  const doors = (page.sections().doors ?? []).map(({ name }) => [name, plain(name)] as const);
  page.dialog.ask({
    title: say("deviceTitle"),
    confirm: say("next"),
    fields: [
      { name: "name", label: say("deviceName"), hint: say("deviceNameHint"), isRequired: true },
      { name: "door", label: say("door"), choices: doors },
      {
        name: "host",
        label: say("host"),
        value: page.sections().host?.name ?? "",
        isRequired: true,
      },
      { name: "link", label: say("link"), hint: say("linkHint"), type: "url" },
      { name: "address", label: say("addresses"), hint: say("addressesHint") },
      { name: "groups", label: say("groups") },
      { name: "expires", label: say("expiry"), type: "date" },
    ],
    onConfirm: async (values) => {
      const { link, ...fields } = Object.fromEntries(values);
      // Addresses are of a page alone.
      if (link === undefined) delete fields["address"];
      const device = link === undefined ? fields : { ...fields, link };
      const answer = await page.act({ action: "plan-device", ...device });
      return confirmDevice(page, values, device, answer as DevicePlan);
    },
  });
}

interface DevicePlan {
  readonly diff: string;
  /** Names the difference when it is confirmed. */
  readonly digest: string;
  readonly usersFile: string;
}

/** Returns the question whether to add a device, with what that changes. */
function confirmDevice(
  page: PageContext,
  values: DialogValues,
  device: object,
  { diff, digest, usersFile }: DevicePlan,
): DialogQuestion {
  const { say } = page;
  const lines = diff
    .slice(Math.max(0, diff.indexOf("--- ")))
    .split("\n")
    .map(plain)
    .join("\n");
  return {
    title: say("planTitle", { device: plain(values.get("name") ?? "") }),
    content: [
      ...(diff === ""
        ? []
        : [make("p", {}, say("planConfig")), make("pre", { tabindex: 0 }, lines)]),
      make("p", {}, say("planUsers", { file: plain(usersFile) })),
    ],
    confirm: say("add"),
    onConfirm: async () => {
      const answer = await page.act({ action: "add-device", digest, ...device });
      showKey(page, answer as DeviceResult);
    },
  };
}

interface DeviceResult {
  readonly name: string;
  readonly door: string;
  readonly line: string;
  /** Rows of dark (1) and light (0) modules. */
  readonly qr: readonly string[];
  /** A sentence about the secret in the line. */
  readonly warning: string;
  readonly reloaded: boolean;
}

/** Shows what the device needs, once: it is in the page only while the dialog is open. */
function showKey(page: PageContext, result: DeviceResult): void {
  const { say } = page;
  const { name, door, line, qr, warning, reloaded } = result;
  const about = page.sayServer(warning);
  const copied = make("span", { role: "status" });
  const copy = makeButton(say("copy"), () => {
    navigator.clipboard.writeText(line).then(
      () => setText(copied, say("copied")),
      () => setText(copied, say("failedAction")),
    );
  });
  page.dialog.tell(say("enrolledTitle", { device: plain(name), door: plain(door) }), [
    make("p", {}, say("enrolledScan")),
    drawQr(qr, say("qr")),
    make("p", {}, say("enrolledLine")),
    make("pre", { class: "secret", tabindex: 0 }, line),
    make("p", { class: "row" }, copy, copied),
    make("p", { lang: about.lang }, about.text),
    ...(reloaded ? [] : [make("p", { class: "bad" }, say("notReloaded"))]),
  ]);
}

function drawQr(rows: readonly string[], label: string): SVGElement {
  const size = rows.length;
  const dark = rows
    .flatMap((row, y) =>
      [...row.matchAll(/1+/g)].map(
        ({ index, 0: run }) => `M${index} ${y}h${run.length}v1h-${run.length}z`,
      ),
    )
    .join("");
  return makeSvg(
    "svg",
    { viewBox: `0 0 ${size} ${size}`, class: "qr", role: "img", "aria-label": label },
    makeSvg("rect", { width: size, height: size, fill: "#fff" }),
    makeSvg("path", { d: dark, fill: "#000", "shape-rendering": "crispEdges" }),
  );
}
