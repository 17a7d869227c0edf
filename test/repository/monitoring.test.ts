// docs/alerts.yml and docs/grafana.json ask for metrics that are there; promtool reads both, where it is.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { daemonProblemCodes } from "../../src/base/status-problem.ts";

const docs = join(import.meta.dirname, "../../docs");
const read = (name: string) => readFileSync(join(docs, name), "utf8");
const alerts = read("alerts.yml");
const dashboard = JSON.parse(read("grafana.json")) as {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
};
const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

/** The metrics of the document, which src/daemon/metrics/metrics.test.ts holds to the daemon. */
const documented = new Set(
  [...read("monitoring.md").matchAll(/^\| `((?:sesame|process)_\w+)`/gm)].map(([, name]) => name),
);

const metricsIn = (text: string) =>
  [...text.matchAll(/\b(?:sesame|process)_\w+/g)].map(([name]) => name.replace(/_bucket$/, ""));

test.each([
  ["the alerts", alerts],
  ["the dashboard", queries.join("\n")],
])("%s ask for metrics that the daemon has", (_, text) => {
  const names = metricsIn(text);
  expect(names.length).toBeGreaterThan(8);
  expect(names.filter((name) => !documented.has(name))).toEqual([]);
});

test("alerts ask for codes that the daemon finds", () => {
  const codes = [...alerts.matchAll(/code=~?"([^"]+)"/g)].flatMap(([, one = ""]) => one.split("|"));
  expect(codes.length).toBeGreaterThan(8);
  const known: readonly string[] = daemonProblemCodes;
  expect(codes.filter((code) => !known.includes(code))).toEqual([]);
});

test("every panel of the dashboard asks for something, in a place of its own", () => {
  expect(dashboard.panels.length).toBeGreaterThan(10);
  expect(dashboard.panels.filter(({ targets }) => targets.length === 0)).toEqual([]);
});

/** Runs promtool; undefined if there is none. */
function promtool(...args: readonly string[]): string | undefined {
  const { error, status, stdout, stderr } = spawnSync("promtool", args, { encoding: "utf8" });
  if (error !== undefined) return undefined;
  return status === 0 ? "ok" : `${stdout}${stderr}`;
}

const hasPromtool = promtool("--version") !== undefined;

describe.skipIf(!hasPromtool)("promtool", () => {
  function write(name: string, content: object): string {
    const folder = mkdtempSync(join(tmpdir(), "sesame-rules-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, name);
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(content));
    return file;
  }

  test("reads the rules", () => {
    expect(promtool("check", "rules", join(docs, "alerts.yml"))).toBe("ok");
  });

  test("reads each query of the dashboard", () => {
    const rules = queries.map((query, i) => ({
      record: `panel:${i}`,
      expr: query.replaceAll("$instance", ".*").replaceAll("$__rate_interval", "5m"),
    }));
    const file = write("queries.yml", { groups: [{ name: "queries", rules }] });
    expect(promtool("check", "rules", file)).toBe("ok");
  });

  /** What each alert is for, as series of a value a minute. */
  const cases = [
    ["SesameDown", 'up{job="knockd"}', "0x10"],
    ["SesameJournalTrouble", 'sesame_problems{code="journal"}', "1x10"],
    ["SesameProtectionLost", 'sesame_problems{code="not-protected"}', "1x10"],
    ["SesameConfigurationRefused", 'sesame_problems{code="users"}', "1x10"],
    ["SesamePacketsLost", "sesame_capture_dropped_total", "0+5x10"],
    ["SesamePacketsLost", "sesame_knock_dropped_total", "0+5x10"],
    ["SesameClosingFailed", "sesame_leases_not_closed", "2x10"],
    ["SesameOpeningFailed", 'sesame_openings_total{door="ssh",result="failed"}', "0+1x10"],
    ["SesameInternalError", "sesame_internal_errors_total", "0+1x10"],
    ["SesameKeyExpires", "sesame_knock_key_next_expiry_timestamp_seconds", "86400x10"],
    ["SesameFleetStoreAway", "sesame_fleet_up", "0x10"],
    ["SesameFleetDiffers", 'sesame_problems{code="fleet-differs"}', "1x20"],
  ] as const;
  const names = [...alerts.matchAll(/alert: (\w+)/g)].map(([, name]) => name);

  test("each alert has a case", () => {
    expect(new Set(cases.map(([name]) => name))).toEqual(new Set(names));
  });

  test.each(cases)("%s fires by %s, and by nothing else", (alertname, series, values) => {
    const at = values.endsWith("x20") ? "18m" : "9m";
    const fires = (name: string | undefined) => name === alertname;
    const expression = `count(ALERTS{alertstate="firing"}) by (alertname)`;
    const file = write("tests.yml", {
      rule_files: [join(docs, "alerts.yml")],
      tests: [
        {
          interval: "1m",
          input_series: [{ series, values }],
          promql_expr_test: names.filter(fires).map((name) => ({
            expr: expression,
            eval_time: at,
            exp_samples: [{ labels: `{alertname="${name}"}`, value: 1 }],
          })),
        },
        {
          // All is well.
          interval: "1m",
          input_series: [{ series, values: quiet(series) }],
          promql_expr_test: [{ expr: expression, eval_time: at, exp_samples: [] }],
        },
      ],
    });
    expect(promtool("test", "rules", file)).toBe("ok");
  });
});

/** The values of a series while all is well. */
function quiet(series: string): string {
  if (/^(?:up|sesame_fleet_up)/.test(series)) return "1x20";
  return series.includes("expiry") ? "8640000x20" : "0x20";
}
