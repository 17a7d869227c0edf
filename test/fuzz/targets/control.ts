import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { Clock } from "../../../src/base/clock.ts";
import type { Monotonic, WallTime } from "../../../src/base/time.ts";
import { ControlConnection } from "../../../src/control/connection.ts";
import { defaultLimits } from "../../../src/control/limits.ts";
import { parseAnswer } from "../../../src/control/protocol.ts";
import { SeededRandom } from "../../differential/random.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { MemoryHandlers } from "../../support/memory-handlers.ts";
import type { FuzzTarget } from "../target.ts";
import { promise, words } from "../target.ts";

const limits = { ...defaultLimits, request: 2000, backlog: 2000 };

const requests = [
  '{"id":1,"method":"status"}',
  '{"id":2,"method":"doors"}',
  '{"id":3,"method":"leases"}',
  '{"id":4,"method":"close","door":"ssh","cut":true}',
  '{"id":5,"method":"close","all":true}',
  '{"id":6,"method":"open","door":"ssh","address":"192.0.2.7","for":1000}',
  '{"id":7,"method":"extend","door":"vpn","address":"2001:db8::7","for":1}',
  '{"id":8,"method":"reload"}',
  '{"id":9,"method":"protect"}',
  '{"id":0,"method":"unprotect"}',
  '{"id":1,"method":"guard","address":"::1","port":1,"services":["tcp/22","icmp"]}',
  '{"id":2,"method":"confirm","address":"::1","port":2}',
  '{"id":3,"method":"confirm","console":true}',
  '{"id":4,"method":"watch"}',
  '{"id":5,"method":"other"}',
  "null",
  "[]",
  '{"id":-1}',
];

/** A socket that takes what is written, and never reads by itself. */
class FakeSocket extends EventEmitter {
  written = "";
  waiting = 0;
  isPaused = false;
  isEnded = false;
  isDestroyed = false;

  get writable(): boolean {
    return !this.isEnded && !this.isDestroyed;
  }

  get writableLength(): number {
    return this.waiting;
  }

  write(text: string): void {
    promise(this.writable, "something is written after the end");
    this.written += text;
    this.waiting += text.length;
  }

  end(): void {
    this.isEnded = true;
  }

  destroy(): void {
    this.isDestroyed = true;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }
}

/** A clock that knows how many are waiting. */
class CountingClock implements Clock {
  readonly manual = new ManualClock(0);
  waiting = 0;

  now(): Monotonic {
    return this.manual.now();
  }

  wall(): WallTime {
    return this.manual.wall();
  }

  wakeAt(when: Monotonic, task: () => void): () => void {
    let isWaiting = true;
    this.waiting++;
    const done = () => {
      if (isWaiting) this.waiting--;
      isWaiting = false;
    };
    const cancel = this.manual.wakeAt(when, () => {
      done();
      task();
    });
    return () => {
      done();
      cancel();
    };
  }
}

/**
 * A client: the first byte decides how what follows it is cut into pieces, and how much time goes by.
 * Each request is answered, what is none ends the connection, and nothing is left waiting.
 */
export const controlTarget: FuzzTarget = {
  name: "control",
  covers: ["src/control/protocol.ts", "src/control/lines.ts", "src/control/connection.ts"].concat(
    [
      "src/control/methods.ts",
      "src/control/reports.ts",
      "src/control/values.ts",
      "src/control/watch.ts",
      "src/control/deadline.ts",
    ],
    ["src/base/service.ts"],
  ),
  longest: 65_536,
  words: words(
    ...requests.map((request) => `${request}\n`),
    ...[
      "\n",
      "\0",
      '"id":',
      '"method":',
      '"door":',
      '"address":',
      '"for":',
      '"all":true',
      '"cut":',
    ],
    ...[
      '"services":[',
      '"console":true',
      '"port":',
      "null",
      "1e400",
      "-0",
      "36525",
      "9007199254740992",
    ],
    ...[
      "\\u0000",
      "\\ud800",
      "\u2028",
      "\u{1f511}",
      "[",
      "]",
      "{",
      "}",
      ",",
      '"__proto__":{',
      "icmp",
    ],
    ...["192.0.2.1", "::ffff:192.0.2.1", "fe80::1%eth0", "1::2:3:4:5:6:7:8", "::1.2.3.4", "tcp/22"],
  ),
  make(random) {
    const lines = random.several(0, 6, () => `${random.pick(requests)}\n`);
    const text = new TextEncoder().encode(lines.join(""));
    return Uint8Array.of(random.from(0, 255), ...text);
  },
  limit: (length) => 5 + length / 100,
  async run(input) {
    const [seed = 0] = input;
    const bytes = input.subarray(1);
    const random = new SeededRandom(seed);
    const clock = new CountingClock();
    const socket = new FakeSocket();
    const handlers = new MemoryHandlers(clock);
    const mistakes: unknown[] = [];
    new ControlConnection(socket as unknown as Socket, {
      handlers,
      limits,
      clock,
      onRequest: () => {},
      onMistake: (error) => mistakes.push(error),
    });
    for (let at = 0; at < bytes.length && socket.writable; ) {
      // Every other client sends all at once; of the others some take very small pieces.
      const most = seed % 2 === 0 ? bytes.length : seed % 4 === 1 ? 7 : 500;
      const size = random.from(1, most);
      socket.emit("data", Buffer.from(bytes.subarray(at, at + size)));
      at += size;
      await turns();
      handlers.say({ level: "info", event: "knock", text: "a knock" });
      if (random.percent(5)) clock.manual.advance(random.pick([100, 5_000, 20_000, 400_000]));
      if (socket.isPaused || random.percent(10)) {
        socket.waiting = 0;
        socket.emit("drain");
        promise(!socket.isPaused || !socket.writable, "nobody goes on to read");
      }
    }
    socket.emit("end");
    await turns();
    promise(socket.isEnded || socket.isDestroyed, "the connection goes on");
    socket.emit("close");
    promise(clock.waiting === 0, `${clock.waiting} timers are left`);
    promise(handlers.watchers === 0, `${handlers.watchers} watches are left`);
    promise(mistakes.length === 0, `the daemon made a mistake: ${mistakes[0]}`);
    const first = bytes.indexOf(0x0a);
    const isTooLong = (first < 0 ? bytes.length : first) > limits.request;
    promise(!isTooLong || socket.written.includes('"LIMIT"'), "a line of any length is taken");
    return readAnswers(socket.written, bytes);
  },
};

/** All are answers, and not more than there were lines; the last but events in a word. */
function readAnswers(written: string, bytes: Uint8Array): string {
  const lines = written.split("\n");
  promise(lines.pop() === "", "a line without an end");
  let last = "nothing";
  let count = 0;
  for (const line of lines) {
    // Neither JSON.parse nor a terminal may be led astray by what the client sent.
    promise(!/[\p{Cc}\u2028\u2029]/u.test(line), "a character that is not to be printed");
    const answer = parseAnswer(new TextEncoder().encode(line));
    if ("event" in answer || "dropped" in answer) continue;
    count++;
    last = "error" in answer ? answer.error.message.replaceAll(/".*"|\d+/gs, "…") : "a result";
  }
  const asked = bytes.reduce((sum, byte) => sum + (byte === 0x0a ? 1 : 0), 0);
  promise(count <= asked + 1, `${count} answers to ${asked} lines`);
  return last.slice(0, 60);
}

/** Lets answers that are ready be written. */
async function turns(): Promise<void> {
  for (let i = 0; i < 6; i++) await undefined;
}
