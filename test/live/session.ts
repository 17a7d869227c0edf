import type { LiveHost } from "./host.ts";
import type { Process } from "./process.ts";

// Exchanges that go on for a while, and single datagrams: what `canConnect` and `pings` do not show.

const echoServer = `
  const port = Number(process.argv[1]);
  require("node:net").createServer((socket) => socket.on("error", () => {}).pipe(socket))
    .listen(port, "::", () => console.log("listening"));
`;

const tcpTalker = `
  const [host, port, localPort] = process.argv.slice(1);
  let beat = 0;
  const socket = require("node:net").connect({ host, port, localPort: Number(localPort) }, () =>
    setInterval(() => socket.write("x"), 50));
  socket.on("data", () => console.log("beat " + ++beat)).on("error", ({ code }) => console.log(code));
`;

const resetServer = `
  const port = Number(process.argv[1]);
  require("node:net").createServer((socket) =>
    socket.on("error", () => {}).once("data", () => socket.resetAndDestroy())
  ).listen(port, "::", () => console.log("listening"));
`;

const dialer = `
  const [host, port, localPort, patience, text] = process.argv.slice(1);
  const end = (word) => { console.log(word); process.exit(); };
  const socket = require("node:net").connect({ host, port, localPort: Number(localPort) });
  let isOpen = false;
  const late = () => isOpen || end("silent");
  // As in probe.ts.
  setImmediate(() => setTimeout(() => setImmediate(late), Number(patience)));
  socket.on("error", ({ code }) => end(code)).on("connect", () => {
    isOpen = true;
    console.log("open");
    if (text) socket.write(text);
    else socket.resetAndDestroy().on("close", () => process.exit());
  });
`;

const udpEcho = `
  const dgram = require("node:dgram");
  const delay = Number(process.argv[2]);
  const socket = dgram.createSocket("udp6", (data, from) => {
    console.log("got " + data);
    const answer = () => socket.send(data, from.port, from.address);
    if (delay > 0) setTimeout(answer, delay);
    else answer();
  });
  socket.bind(Number(process.argv[1]), "::", () => console.log("listening"));
`;

const udpTalker = `
  const dgram = require("node:dgram");
  const [host, port, text, often] = process.argv.slice(1);
  let beat = 0;
  const socket = dgram.createSocket(host.includes(":") ? "udp6" : "udp4", () => {
    console.log("beat " + ++beat);
    if (!often) process.exit();
  });
  const send = () => socket.send(text, Number(port), host);
  socket.bind(0, () => { socket.setBroadcast(true); send(); if (often) setInterval(send, 50); });
  // As in probe.ts.
  if (!often) setImmediate(() => setTimeout(() => setImmediate(process.exit, 0), 300));
`;

/** A TCP server that gives back what it gets, until the network closes. */
export async function echoTcp(host: LiveHost, port: number): Promise<Process> {
  return await started(host, echoServer, port);
}

/** A TCP server that resets a connection when its first bytes come. */
export async function resetTcp(host: LiveHost, port: number): Promise<Process> {
  return await started(host, resetServer, port);
}

/**
 * Connects from this very port (below 32768: Linux gives others to earlier connections), and resets the connection at once or, with a text, sends it and waits for
 * the end. Returns what happened, such as `open ECONNRESET`, or `silent` after 400 ms.
 */
export async function dialTcp(
  host: LiveHost,
  address: string,
  port: number,
  localPort: number,
  text = "",
): Promise<string> {
  const argv = [process.execPath, "-e", dialer, address, port, localPort, 400, text];
  return (await host.run(argv.map(String))).stdout.trim().replaceAll("\n", " ");
}

/** A UDP server that says `got TEXT` and sends it back, `delay` milliseconds later. */
export async function echoUdp(host: LiveHost, port: number, delay = 0): Promise<Process> {
  return await started(host, udpEcho, port, delay);
}

/**
 * A TCP connection on which a byte goes to and fro 20 times a second; it says `beat N` for each. From
 * `localPort`, or any with 0.
 */
export function talkTcp(host: LiveHost, address: string, port: number, localPort = 0): Process {
  return host.start([process.execPath, "-e", tcpTalker, address, String(port), String(localPort)]);
}

/** The same with datagrams from one port. */
export function talkUdp(host: LiveHost, address: string, port: number): Process {
  return host.start([process.execPath, "-e", udpTalker, address, String(port), "x", "often"]);
}

/**
 * Sends one datagram, also to a broadcast address. Whether it was answered within 300 ms: a test that expects
 * an answer asks until there is one, for the program that gives it may have to wait for the processor.
 */
export async function answersUdp(
  host: LiveHost,
  address: string,
  port: number,
  text = "x",
): Promise<boolean> {
  const argv = [process.execPath, "-e", udpTalker, address, String(port), text];
  return (await host.run(argv)).stdout.includes("beat");
}

/** Waits until five more beats than now have come, or fails. */
export async function goesOn(talk: Process, timeout?: number): Promise<void> {
  await talk.waitFor(new RegExp(`beat ${beats(talk) + 5}\\b`), timeout);
}

/** The beats so far. */
export function beats(talk: Process): number {
  return talk.stdout.split("beat").length - 1;
}

async function started(
  host: LiveHost,
  script: string,
  ...words: readonly number[]
): Promise<Process> {
  const server = host.start([process.execPath, "-e", script, ...words.map(String)]);
  await server.waitFor(/listening/);
  return server;
}
