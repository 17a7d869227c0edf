// What `knockctl init` prints and waits for after the configuration is in place; setup/protect.ts acts.
import { defaultConfigFile } from "../../../base/paths.ts";
import { printable } from "../../../base/text.ts";
import type { Result } from "../../../control/methods.ts";
import type { AppliedChanges } from "../../../setup/apply.ts";
import type { InitOptions, SetupPlan } from "../../../setup/plan.ts";
import type { ProbeHost } from "../../../setup/probe-host.ts";
import { proveClosed, proveOpen, startTrial, withProbeHost } from "../../../setup/protect.ts";
import { withDaemonAt } from "../../../setup/running-daemon.ts";
import { wrap } from "../../help.ts";
import type { Io } from "../../program.ts";
import { initWords } from "../../words/init.ts";
import { localize } from "../../words/korean.ts";
import type { ClientLines } from "../client-lines.ts";
import { clientLines, formatSshLines } from "../client-lines.ts";
import type { CommandLine } from "../command.ts";
import { print } from "../command.ts";
import { followTrial, warnAll } from "../follow-trial.ts";
import { readQrTarget, writeQr } from "../qr-file.ts";
import { typed } from "../typed.ts";
import { formatDevice, profileName } from "./enrolment.ts";
import { formatProof, lastResort } from "./output.ts";
import { withUfw } from "./ufw.ts";

export interface ProtectParts {
  readonly line: CommandLine;
  readonly io: Io;
  readonly plan: SetupPlan;
  readonly options: InitOptions;
  readonly changes: AppliedChanges;
  /** The line for a device that was enrolled, a secret. */
  readonly deviceLine: string | undefined;
  /** Whether a probe host tries the doors first. */
  readonly isProven: boolean;
  /** Prints a line, unless JSON is wanted. */
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Proves the doors, prints how to knock, and protects on trial. Returns the exit code; throws SYSTEM. */
export async function protectOnTrial(parts: ProtectParts): Promise<number> {
  const { plan, changes, isProven, options, say, signal } = parts;
  const task = async (probeHost: ProbeHost | undefined) => {
    if (probeHost === undefined) say(initWords().notTested);
    else for (const proven of await proveOpen(plan, probeHost, signal)) say(formatProof(...proven));
    signal.throwIfAborted();
    const clients = plan.doors.flatMap((one) => clientLines(one, options) ?? []);
    printClients(parts, clients);
    if (changes.unprotected.length === 0) return finish(parts, clients, undefined);
    return await runTrial(parts, probeHost, clients);
  };
  return await withProbeHost(plan, changes, isProven, signal, (probeHost) =>
    withUfw(parts, () => task(probeHost)),
  );
}

/** Prints what clients need beside the knock itself, which the trial shows last. */
function printClients(
  { line, io, plan, options, deviceLine }: ProtectParts,
  clients: readonly ClientLines[],
): void {
  if (line.given.has("json")) return;
  const target = readQrTarget(line);
  const words = initWords();
  for (const { door, ssh, windows, qr } of clients) {
    const config = formatConfigOption(plan);
    const more = typed(`client ${printable(door)} --host ${options.host}${config}`, {
      given: new Map(),
    });
    const code = qr === undefined ? undefined : target?.format(qr);
    io.stdout(
      [
        ...(ssh === undefined ? [] : [formatSshLines(ssh)]),
        `${words.windows}\n\n    ${windows}`,
        `${words.more}\n\n    ${more}`,
        ...(target?.file === undefined && code !== undefined ? [String(code).trimEnd()] : []),
      ]
        .map((part) => `\n${part}\n`)
        .join(""),
    );
    if (target?.file !== undefined && code !== undefined) writeQr(target.file, code, false);
  }
  const output = line.given.get("output");
  io.stdout(formatDevice(plan, options, { line: deviceLine, output }));
  for (const { door } of plan.doors) {
    if (door.sequence.kind !== "one-time") continue;
    const file = printable(door.sequence.file);
    io.stdout(localize(`\n[${printable(door.name)}] opens by the sequences of ${file}\n`));
  }
  io.stdout("\n");
}

/** Starts the trial, and waits for its end as `knockctl guard` does. */
async function runTrial(
  parts: ProtectParts,
  probeHost: ProbeHost | undefined,
  clients: readonly ClientLines[],
): Promise<number> {
  const { line, io, plan, options, changes, say, signal } = parts;
  return await withDaemonAt(plan.paths, async (daemon) => {
    let guarded = await startTrial(daemon, options, changes);
    if (probeHost !== undefined) {
      const isClosed = await proveClosed(plan, probeHost, guarded, signal);
      // Before the administrator has to act: the wait may be long.
      await probeHost.close();
      if (isClosed) say(initWords().onlyByKnock);
      // Restarts the trial: the knocks of the probe host are not the administrator's, nor is its time.
      guarded = await startTrial(daemon, options, changes);
    }
    warnAll(guarded.warnings, io);
    signal.throwIfAborted();
    if (line.given.has("protect-now")) {
      await daemon.ask("confirm", { console: true });
      return finish(parts, clients, undefined);
    }
    if (line.given.has("json")) return finish(parts, clients, guarded);
    const { host } = options;
    // The daemon's own socket: the configuration may say another than the default.
    const given = new Map([...line.given, ["socket", plan.paths.socket] as const]);
    io.stdout(`${formatLastResort(plan, line)}\n`);
    const code = await followTrial(daemon, guarded, {
      line: { given },
      io,
      host,
      signal,
      ...(plan.device && { profile: profileName }),
    });
    if (code === 0) return 0;
    io.stdout(
      signal.aborted
        ? `${initWords().rollsBack(typed("undo", line))}\n`
        : wrap(initWords().tryAgain(typed("guard", { given }), typed("undo", line))),
    );
    return code;
  });
}

function finish(
  { line, io, plan, changes, isProven }: ProtectParts,
  clients: readonly ClientLines[],
  trial: Result<"guard"> | undefined,
): number {
  const { paths, doors } = plan;
  const { backup, started, written, enrolled } = changes.record;
  const output = line.given.get("output");
  const result = {
    config: paths.config,
    written: written !== undefined,
    ...(backup !== undefined && { backup }),
    ...(started !== undefined && { started }),
    doors: doors.map(({ door, isNew, strength }) => ({ name: door.name, isNew, ...strength })),
    clients,
    ...(plan.device && { user: plan.device.name, knockPort: plan.knockPort }),
    ...(enrolled && { key: enrolled.key, usersFile: enrolled.usersFile, output }),
    proven: isProven,
    ...(trial !== undefined && { trial }),
  };
  print(line, io, result, () => {
    const why = line.given.has("protect-now")
      ? initWords().withoutTrial
      : initWords().alreadyProtected;
    return `${why}\n${formatLastResort(plan, line)}`;
  });
  return 0;
}

function formatLastResort(plan: SetupPlan, { given }: CommandLine): string {
  const socket = given.get("socket");
  const option = socket === undefined ? "" : ` --socket ${printable(socket)}`;
  return lastResort(`${formatConfigOption(plan)}${option}`);
}

function formatConfigOption({ paths: { config } }: SetupPlan): string {
  return config === defaultConfigFile ? "" : ` --config ${printable(config)}`;
}
