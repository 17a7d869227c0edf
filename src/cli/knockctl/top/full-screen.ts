// The terminal of `knockctl top`: its alternate screen, its keys, its size.
import { writeSync } from "node:fs";
import { readKeys } from "./keys.ts";
import type { TopKey } from "./model.ts";

/** A terminal that shows lines in place of what was there. */
export interface FullScreen {
  readonly size: { readonly columns: number; readonly rows: number };
  /** Shows these lines, and nothing else. */
  draw(lines: readonly string[]): void;
  /** Stops this process, as Ctrl-Z does. */
  suspend(): void;
  /** Leaves the terminal as it was. */
  close(): void;
}

export interface FullScreenListener {
  readonly onKey: (key: TopKey) => void;
  /** The size has changed, or another program has drawn. */
  readonly onRedraw: () => void;
  /** A signal ends this process, or the terminal is gone. `code`: the exit code. */
  readonly onEnd: (code: number) => void;
}

/** xterm's private modes: alternate screen (1049), no cursor (25), no wrapping at the right edge (7). */
const enterSequence = "\u001b[?1049h\u001b[?25l\u001b[?7l";
const leaveSequence = "\u001b[0m\u001b[?7h\u001b[?25h\u001b[?1049l";

/** By signal, 128 and its number, as a shell says it. */
const endings = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

type EndingSignal = keyof typeof endings;

const signals = Object.keys(endings) as EndingSignal[];

/** Returns whether standard input and output are a terminal that can move its cursor. */
export function isFullTerminal(): boolean {
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  return isTerminal && process.env["TERM"] !== "dumb" && process.env["TERM"] !== undefined;
}

/** Takes the terminal over. The end of the process, whatever its reason, gives it back. */
export function openFullScreen(listener: FullScreenListener): FullScreen {
  const { stdin, stdout } = process;
  let shown = "";
  let isOpen = false;
  const write = (text: string) => {
    // At once, also while the process ends. A terminal that is gone shows nothing.
    try {
      writeSync(stdout.fd, text);
    } catch {}
  };
  const enter = () => {
    if (isOpen) return;
    isOpen = true;
    stdin.setRawMode(true);
    write(enterSequence);
    shown = "";
  };
  const leave = () => {
    if (!isOpen) return;
    isOpen = false;
    write(leaveSequence);
    try {
      stdin.setRawMode(false);
    } catch {}
  };
  const onData = (bytes: Buffer) => {
    for (const key of readKeys(bytes.toString())) listener.onKey(key);
  };
  const redraw = () => {
    shown = "";
    listener.onRedraw();
  };
  const resume = () => {
    leave();
    enter();
    redraw();
  };
  const hangUp = () => listener.onEnd(endings.SIGHUP);
  const onSignal = (name: NodeJS.Signals) => listener.onEnd(endings[name as EndingSignal]);
  process.once("exit", leave);
  for (const name of signals) process.on(name, onSignal);
  process.on("SIGCONT", resume);
  stdout.on("resize", redraw);
  stdin.on("data", onData).once("end", hangUp).once("error", hangUp);
  enter();
  return {
    get size() {
      const [columns = 0, rows = 0] = stdout.getWindowSize();
      // A terminal that does not know its size says 0.
      return { columns: columns || 80, rows: rows || 24 };
    },
    draw(lines) {
      // Cleared first: after a full line the cursor stands on its last character.
      const text = lines.map((line) => `\u001b[K${line}`).join("\r\n");
      if (!isOpen || text === shown || stdout.writableNeedDrain) return;
      shown = text;
      stdout.write(`\u001b[H${text}`);
    },
    suspend() {
      leave();
      // To the whole job, as the terminal does.
      process.kill(0, "SIGTSTP");
    },
    close() {
      leave();
      process.off("exit", leave);
      for (const name of signals) process.off(name, onSignal);
      process.off("SIGCONT", resume);
      stdout.off("resize", redraw);
      stdin.off("data", onData).off("end", hangUp).off("error", hangUp).pause();
    },
  };
}
