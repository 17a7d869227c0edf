// The members of `knockctl doctor --json`. Pure.
import type { DoctorFacts } from "./facts.ts";
import type { DoctorFinding } from "./findings.ts";
import type { SessionResult } from "./session.ts";
import type { DoctorVerdict } from "./verdict.ts";

interface JsonParts {
  readonly facts: DoctorFacts;
  readonly findings: readonly DoctorFinding[];
  readonly session: SessionResult | undefined;
  readonly verdict: DoctorVerdict;
}

export function jsonReport({ facts, findings, session, verdict }: JsonParts): object {
  const { checked, survey, daemon } = facts;
  return {
    verdict,
    findings,
    daemon: daemon && {
      release: daemon.status.release,
      pid: daemon.status.pid,
      configFile: daemon.status.configFile,
      isConfigStale: daemon.isConfigStale,
    },
    configFile: checked.file,
    host: survey,
    knocks: session?.traces.map((trace) => {
      const { door, source } = trace;
      return { door: door.name, source, steps: door.sequence, ...describe(trace.diagnose()) };
    }),
    keyKnocks: session && {
      refused: session.keyKnocks.refused,
      strange: session.keyKnocks.strange.map(({ time: _, ...knock }) => knock),
    },
    complete: session?.complete && {
      door: session.complete.door,
      source: session.complete.source,
      end: session.complete.end.kind,
    },
  };
}

function describe({ kind, ...detail }: { readonly kind: string }): object {
  return { diagnosis: { kind, ...detail } };
}
