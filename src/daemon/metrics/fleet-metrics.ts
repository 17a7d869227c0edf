import type { FleetMeasures } from "../fleet/measures.ts";
import type { MetricFamily, Sample } from "./exposition.ts";

/** Returns the metrics of a fleet. Pure. */
export function fleetFamilies(measures: FleetMeasures): MetricFamily[] {
  const { state, gateways, delays } = measures;
  const up = gateways.filter(({ isUp }) => isUp).length;
  return [
    family("gauge", "sesame_fleet_up", "Whether the store answers: 1 or 0.", [
      { value: state.isJoined ? 1 : 0 },
    ]),
    family("gauge", "sesame_fleet_gateways", "Gateways of the fleet, this one among them.", [
      { labels: { state: "up" }, value: up },
      { labels: { state: "away" }, value: gateways.length - up },
    ]),
    family("gauge", "sesame_fleet_untold", "Changes that wait to be sent.", [
      { value: state.waiting },
    ]),
    family("counter", "sesame_fleet_told_total", "Changes sent to the store.", [
      { value: state.told },
    ]),
    family(
      "counter",
      "sesame_fleet_heard_total",
      "Changes of other gateways, by result.",
      samplesOf("result", heard(measures)),
    ),
    {
      name: "sesame_fleet_delay_seconds",
      help: "Delay of changes of other gateways, by the store's clock.",
      type: "histogram",
      samples: [{ value: delays }],
    },
    family(
      "counter",
      "sesame_fleet_resyncs_total",
      "Reads of the store's whole table, by reason.",
      samplesOf("why", state.resyncs),
    ),
    family(
      "counter",
      "sesame_fleet_claims_total",
      "Claims of single-use knocks, by result.",
      samplesOf("result", state.claims),
    ),
  ];
}

function heard({ state: { incoming }, remote }: FleetMeasures): Readonly<Record<string, number>> {
  const { applied, full, ...notHere } = remote;
  const { over, forged, foreign, refused, unknown, malformed } = incoming;
  return {
    ...{ applied, ...notHere, old: over, refused: refused + full },
    ...{ forged, foreign, unreadable: unknown + malformed },
  };
}

function family(
  type: "counter" | "gauge",
  name: string,
  help: string,
  samples: readonly Sample<number>[],
): MetricFamily {
  return { name, help, type, samples };
}

function samplesOf(label: string, counts: Readonly<Record<string, number>>): Sample<number>[] {
  return Object.entries(counts).map(([name, value]) => ({ labels: { [label]: name }, value }));
}
