import type { Process, ProcessResult, StartOptions } from "./process.ts";
import type { LiveRunOptions } from "./run.ts";

/** Something that programs run on: a host of the test bed. */
export interface Runner {
  run(argv: readonly string[], options?: LiveRunOptions): Promise<ProcessResult>;
  start(argv: readonly string[], options?: StartOptions): Process;
}

/** What became of a TCP connection: made, refused (RST or ICMP), or not answered at all. */
export type ProbeResult = "open" | "refused" | "silent";

const connector = `
  const [host, port, timeout, localAddress] = process.argv.slice(1);
  const say = (word) => { console.log(word); process.exit(); };
  require("node:net").connect({ host, port: Number(port), localAddress: localAddress || undefined })
    .once("connect", () => say("open"))
    .once("error", ({ code }) => say(code === "ECONNREFUSED" ? "refused" : code));
  // The time runs from the first turn of the event loop, and an answer that came in it counts, however late
  // a busy machine wakes this process.
  setImmediate(() => setTimeout(() => setImmediate(say, "silent"), Number(timeout)));
`;

/**
 * Tries to connect, for `timeout` milliseconds. Below 1,000 exactly one SYN is sent: Linux repeats it
 * after a second. Fails where there is no route, or no neighbour.
 */
export async function connect(
  runner: Runner,
  address: string,
  port: number,
  timeout: number,
  from = "",
): Promise<ProbeResult> {
  const argv = [process.execPath, "-e", connector, address, String(port), String(timeout), from];
  const { stdout, stderr } = await runner.run(argv, { timeout: timeout + 60_000 });
  const word = stdout.trim();
  if (word === "open" || word === "refused" || word === "silent") return word;
  throw new Error(`cannot connect to ${address} port ${port}: ${word || stderr || "not a word"}`);
}

const listener = `
  const [port, host] = process.argv.slice(1);
  require("node:net").createServer((socket) => socket.on("error", () => {}).end("hello\\n"))
    .listen(Number(port), host, () => console.log("listening"));
`;

/** Starts a TCP listener, on every address of both families unless `address` is given; resolves when it listens. */
export async function listen(runner: Runner, port: number, address = "::"): Promise<Process> {
  const server = runner.start([process.execPath, "-e", listener, String(port), address]);
  await server.waitFor(/listening/);
  return server;
}

/** Whether one echo request is answered within `timeout` milliseconds. */
export async function ping(runner: Runner, address: string, timeout: number): Promise<boolean> {
  const argv = ["ping", "-n", "-q", "-c", "1", "-W", String(timeout / 1_000), address];
  const { code } = await runner.run(argv, { timeout: timeout + 60_000, ok: [0, 1] });
  return code === 0;
}
