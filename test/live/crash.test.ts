import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { monotonic, wallTime } from "../../src/base/time.ts";
import { readJournal } from "../../src/grant/journal/journal-format.ts";
import { parseRecord } from "../../src/grant/journal/record.ts";
import { recover } from "../../src/grant/journal/recovery.ts";
import { SeededRandom } from "../differential/random.ts";
import { Folder, knockd } from "./knockd.ts";
import { Process } from "./process.ts";
import { needs } from "./requirements.ts";

/** Milliseconds after the end of a command until the journal has it: it is written beside the daemon's other work. */
const writing = 300;

/** Milliseconds that a daemon usually needs to start. Where it needs longer, all else takes longer, too. */
const usualStart = 300;

/** Milliseconds after which no further daemon is started: a busy machine kills fewer of them. */
const longest = 240_000;

/** How many daemons are killed, and how many live side by side, each with a configuration of its own. */
const rounds = 210;
const lanes = 3;

/** Sources: 127.0.0.2 and so on. All of them are us, and every one is another to the daemon. */
const sources = 6;

interface DoorPlan {
  readonly name: string;
  readonly lines: readonly string[];
}

/**
 * Each command tells what it does in a file, a line a write: B, a start command begins; S, it has
 * opened the door; E, a stop command has closed it.
 */
function makeDoors(effects: string): DoorPlan[] {
  const tell = (what: string) => `echo "${what} $KNOCK_DOOR $KNOCK_IP $ROUND" >>${effects}`;
  // Whoever waits for a daemon's last word shall not wait for its commands.
  const quiet = "exec >/dev/null 2>&1";
  const start = `start_command = ${quiet}; ${tell("B")}; ${tell("S")}`;
  const stop = `stop_command = ${quiet}; ${tell("E")}`;
  const late = `start_command = ${quiet}; ${tell("B")}; sleep 0.7; ${tell("S")}`;
  return [
    { name: "fast", lines: [start, stop, "cmd_timeout = 100ms"] },
    { name: "late", lines: [late, `${stop}; sleep 0.05`, "cmd_timeout = 200ms"] },
    { name: "long", lines: [`${start}; sleep 0.1`, stop, "cmd_timeout = 1s"] },
    { name: "rerun", lines: [start, stop, "cmd_timeout = 500ms", "again = rerun"] },
    {
      name: "drag",
      lines: [
        start,
        `stop_command = ${quiet}; sleep 0.05; ${tell("E")}; sleep 0.05`,
        "cmd_timeout = 50ms",
      ],
    },
  ];
}

/** A daemon that was killed: when, and what is known of it. */
interface Round {
  readonly number: number;
  readonly killedAt: number;
  readonly log: string;
  /** Who knocked. */
  readonly knocks: ReadonlySet<string>;
  /** How many times as long as usual its start took, at least 1. */
  readonly pace: number;
  /** Whose leases its journal holds: the next daemon closes them. */
  readonly left: ReadonlySet<string>;
}

/** One configuration, its state and its effects; its daemons come and go. */
class Lane {
  readonly folder = new Folder();
  readonly rounds: Round[] = [];
  readonly #random: SeededRandom;
  readonly #doors: readonly DoorPlan[];
  readonly #firstPort: number;
  readonly #config: string;

  constructor(number: number, seed: number) {
    this.#random = new SeededRandom(seed, number);
    this.#doors = makeDoors(this.folder.at("effects"));
    this.#firstPort = 9000 + 10 * number;
    const sections = this.#doors.flatMap(({ name, lines }, i) => [
      `[${name}]`,
      `sequence = ${this.#firstPort + i}:udp`,
      "serial = no",
      "rest = 0",
      ...lines,
    ]);
    const options = `Interface = lo\nLogFormat = json\nStateDir = ${this.folder.at("state")}`;
    const socket = `ControlSocket = ${this.folder.at("control")}`;
    const text = ["[options]", options, socket, ...sections, ""].join("\n");
    this.#config = this.folder.write("k.conf", text);
  }

  /** Starts a daemon, knocks at random, and kills it at a random moment. */
  async round(number: number): Promise<void> {
    const log = `log-${number}`;
    const begin = performance.now();
    const daemon = this.#start(log, number);
    const knocks = new Set<string>();
    let pace = 1;
    if (this.#random.percent(12)) {
      // Not even its start is safe.
      await sleep(this.#random.from(0, 200));
    } else {
      await daemon.waitFor(/^listening/m);
      pace = Math.max(1, (performance.now() - begin) / usualStart);
      for (let i = this.#random.from(0, 8); i > 0; i--) {
        knocks.add(await this.#knock());
        await sleep(pace * this.#random.from(0, 60));
      }
      await sleep(pace * this.#random.from(0, 40));
    }
    const killedAt = Date.now();
    kill(daemon, this.#random.percent(50));
    await daemon.ended;
    const left = new Set(this.#leases());
    this.rounds.push({ number, killedAt, log, knocks, pace, left });
  }

  /** The last daemon closes what is left; then nothing is open. */
  async finish(): Promise<void> {
    const daemon = this.#start("log-last", 1_000_000);
    await daemon.waitFor(/^listening/m);
    await expect.poll(() => this.#leases()).toEqual([]);
    await daemon.stop();
  }

  /** The effects at each door for each source, in their order. */
  get effects(): ReadonlyMap<string, readonly Effect[]> {
    const found = new Map<string, Effect[]>();
    for (const line of this.folder.read("effects").split("\n").filter(Boolean)) {
      const [what = "", door, source, round] = line.split(" ");
      const who = `${door} ${source}`;
      found.set(who, [...(found.get(who) ?? []), { what, round: Number(round) }]);
    }
    return found;
  }

  /** Who was closed so long before the kill that the journal should have it, as the daemon of that round has logged it. */
  closedIn({ log, killedAt, knocks, pace }: Round): string[] {
    return this.folder
      .log(log)
      .map((line) => JSON.parse(line))
      .filter((entry) => entry.event === "command-exit" && entry.what === "close")
      .filter((entry) => Date.parse(entry.time) < killedAt - pace * writing)
      .map((entry) => `${entry.door} ${entry.source}`)
      .filter((who) => !knocks.has(who));
  }

  #start(log: string, round: number): Process {
    const argv = [...knockd, "-v", "-c", this.#config, "-g", this.folder.at(log)];
    const daemon = new Process(argv, { env: { ROUND: String(round) } });
    onTestFinished(() => daemon.signal("SIGKILL"));
    return daemon;
  }

  /** Who knocked: the door and the source. */
  async #knock(): Promise<string> {
    const door = this.#random.from(0, this.#doors.length - 1);
    const source = `127.0.0.${this.#random.from(2, 1 + sources)}`;
    const socket = createSocket("udp4");
    socket.bind(0, source);
    await once(socket, "listening");
    socket.send("knock", this.#firstPort + door, "127.0.0.1", () => socket.close());
    await once(socket, "close");
    return `${this.#doors[door]?.name} ${source}`;
  }

  /** Whose leases the journal holds: the door and the source. */
  #leases(): string[] {
    const state = this.folder.at("state");
    const names = existsSync(state) ? readdirSync(state) : [];
    const name = names.find((file) => file.endsWith(".journal"));
    if (name === undefined) return [];
    const { values } = readJournal(readFileSync(`${state}/${name}`));
    const records = values.map(parseRecord).filter((record) => record !== undefined);
    const leases = recover(records, { boot: "", now: monotonic(0), wall: wallTime(0) });
    return leases.flatMap(({ access: { owner, source } }) =>
      owner.kind === "door" ? `${owner.name} ${source}` : [],
    );
  }
}

interface Effect {
  readonly what: string;
  readonly round: number;
}

/** Kills a daemon; `all`: and the commands that it has started, with their children. */
function kill(daemon: Process, all: boolean): void {
  if (all && daemon.running) {
    daemon.signal("SIGSTOP");
    for (const group of childrenOf(daemon.pid)) {
      try {
        process.kill(-Number(group), "SIGKILL");
      } catch {
        // It has just ended.
      }
    }
  }
  daemon.signal("SIGKILL");
}

/** The children of all threads of a process. */
function childrenOf(pid: number): string[] {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const lists = tasks.map((task) => readFileSync(`/proc/${pid}/task/${task}/children`, "utf8"));
  return lists.flatMap((list) => list.split(" ").filter(Boolean));
}

/** What is wrong with the effects of one source at one door; undefined: nothing. */
function complaint(lane: Lane, who: string, effects: readonly Effect[]): string | undefined {
  const story = `${who}: ${effects.map(({ what, round }) => `${what}${round}`).join(" ")}`;
  let open = false;
  for (const [i, effect] of effects.entries()) {
    const before = effects[i - 1];
    if (effect.what === "B") {
      if (open) return `opened while open: ${story}`;
      open = true;
    } else if (effect.what === "S") {
      if (before?.what !== "B") return `opened after its closing: ${story}`;
    } else {
      if (before?.what === "E" && !isExcused(lane, who, before.round, effect.round)) {
        return `closed in ${effect.round} without need: ${story}`;
      }
      open = false;
    }
  }
  return open ? `never closed: ${story}` : undefined;
}

/**
 * May a closing in the round `next` follow one in the round `last`? Only in another daemon, which found the lease in
 * the journal: the one before was killed before it could tell of the closing, or while it opened another lease.
 */
function isExcused(lane: Lane, who: string, last: number, next: number): boolean {
  if (next <= last) return false;
  return lane.rounds.findLast(({ number }) => number < next)?.left.has(who) ?? false;
}

describe.skipIf(needs())("a daemon that is killed at any moment", () => {
  test("closes what it opened: each lease at least once, and nothing opens after that", async () => {
    const seed = Number(process.env["SESAME_SEED"] ?? Date.now() % 1_000_000);
    console.log(`crash test: SESAME_SEED=${seed}`);
    const all = Array.from({ length: lanes }, (_, i) => new Lane(i, seed));
    let next = 0;
    const begin = performance.now();
    await Promise.all(
      all.map(async (lane) => {
        while (next < rounds && performance.now() - begin < longest) await lane.round(next++);
        await lane.finish();
      }),
    );
    const complaints: string[] = [];
    const ended = all.flatMap((lane) =>
      lane.rounds.flatMap((round) => lane.closedIn(round).map((who) => round.left.has(who))),
    );
    const untold = ended.filter((isLeft) => isLeft).length;
    const count = { opened: 0, closed: 0, twice: 0, cut: 0 };
    for (const lane of all) {
      for (const [who, effects] of lane.effects) {
        const said = complaint(lane, who, effects);
        if (said !== undefined) complaints.push(said);
        effects.forEach(({ what }, i) => {
          const before = effects[i - 1]?.what;
          if (what === "B") count.opened++;
          if (what === "E") count.closed++;
          if (what === "E" && before === "E") count.twice++;
          if (what === "E" && before === "B") count.cut++;
        });
      }
    }
    console.log(
      `crash test: ${JSON.stringify({ ...count, rounds: next, ended: ended.length, untold })}`,
    );
    expect(complaints).toEqual([]);
    // A closing reaches the journal soon. A machine that does other work may be late with some.
    expect(untold).toBeLessThanOrEqual(ended.length / 4);
    // It is worth something only if much was opened, and kills hit both kinds of commands.
    expect(count.opened).toBeGreaterThan(next / 3);
    expect(count.cut).toBeGreaterThan(0);
    expect(count.twice).toBeGreaterThan(0);
  }, 900_000);

  test("is waited for by the next daemon while its start command runs, and closed after that", async () => {
    const folder = new Folder();
    const effects = folder.at("effects");
    const gate = folder.at("gate");
    const lines = [
      "[x]",
      "sequence = 9100:udp",
      `start_command = echo begun; mkfifo ${gate}; read -r _ <${gate}; echo start >>${effects}`,
      `stop_command = echo stop >>${effects}; echo closed`,
      "cmd_timeout = 1h",
    ];
    const options = `[options]\nInterface = lo\nControlSocket = ${folder.at("control")}\n`;
    const config = folder.write("k.conf", `${options}${lines.join("\n")}\n`);
    const start = async () => {
      const daemon = new Process([...knockd, "-v", "-c", config]);
      onTestFinished(() => daemon.signal("SIGKILL"));
      await daemon.waitFor(/^listening/m);
      return daemon;
    };
    const killed = await start();
    const socket = createSocket("udp4");
    socket.send("knock", 9100, "127.0.0.1", () => socket.close());
    await killed.waitFor(/^begun$/m);
    killed.signal("SIGKILL");
    await killed.ended;

    const next = await start();
    // It looks several times whether the command still runs.
    await sleep(600);
    expect(folder.read("effects")).toBe("");
    await expect.poll(() => existsSync(gate)).toBe(true);
    writeFileSync(gate, "go\n");
    await next.waitFor(/^closed$/m);
    expect(folder.read("effects")).toBe("start\nstop\n");
    const { stdout } = await next.stop();
    expect(stdout.match(/running command/g)).toHaveLength(1);
  });
});
