// The fleet: its store, and each gateway.
import type { ConsoleFleet, ConsoleGateway } from "../../src/cli/knockctl/console/view.ts";
import type { PageContext } from "./context.ts";
import { make } from "./dom.ts";
import { plain } from "./plain.ts";

/** Draws the state of the fleet, and a row for each gateway. */
export function drawFleet(page: PageContext, fleet: ConsoleFleet): HTMLElement[] {
  const { say, sayServer, sayTime, now } = page;
  const { name, store, state, since, problem, waiting, gateways, elsewhere } = fleet;
  const values = { name: plain(name), store: plain(store), time: sayTime(now() - since) };
  const isUp = state === "up";
  const trouble = problem === undefined ? undefined : sayServer(problem);
  return [
    make("p", isUp ? {} : { class: "bad" }, say(isUp ? "fleetUp" : "fleetDown", values)),
    ...(trouble === undefined
      ? []
      : [make("p", { class: "bad", lang: trouble.lang }, trouble.text)]),
    ...(waiting === 0 ? [] : [make("p", {}, say("fleetWaiting", { count: waiting }))]),
    ...(elsewhere === 0 ? [] : [make("p", {}, say("fleetElsewhere", { count: elsewhere }))]),
    make("ul", { class: "rows" }, ...gateways.map((gateway) => drawGateway(page, gateway))),
  ];
}

function drawGateway({ say, sayTime, now }: PageContext, gateway: ConsoleGateway): HTMLElement {
  const { name, here, state, seen, leases, behind, clockMs = 0, differences } = gateway;
  const isAway = state === "away";
  const time = sayTime(Math.max(60_000, now() - (seen ?? now())));
  const offset = sayTime(Math.abs(clockMs));
  const facts = [
    ...(here ? [say("here")] : []),
    say("gatewayLeases", { count: leases }),
    ...(behind === undefined || behind === 0 ? [] : [say("behind", { count: behind })]),
    ...(clockMs === 0 ? [] : [say(clockMs > 0 ? "clockAhead" : "clockBehind", { time: offset })]),
  ];
  const differs = differences.map(plain).join(", ");
  return make(
    "li",
    {},
    make(
      "div",
      { class: "head" },
      make("strong", {}, plain(name)),
      make("span", { class: "faint" }, facts.join(" · ")),
      make(
        "span",
        { class: "state", "data-state": isAway ? "disabled" : "open" },
        isAway ? say("gatewayAway", { time }) : say("gatewayUp"),
      ),
    ),
    ...(differs === "" ? [] : [make("p", { class: "bad" }, say("differs", { what: differs }))]),
  );
}
