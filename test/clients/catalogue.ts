import { join } from "node:path";
import { peers } from "../live/requirements.ts";
import type { Client } from "./client.ts";

/** A command for each port. */
const each = (command: string) => (ports: readonly string[]) =>
  `for p in ${numbers(ports).join(" ")}; do ${command}; done`;

const numbers = (ports: readonly string[]) => ports.map((port) => port.replace(/:.*/, ""));

/** The kernel repeats a SYN after one, three and seven seconds; newer ones would after each of the first five. */
const repeatedSyns = { tcp_syn_linear_timeouts: 0 };

const hping3 = {
  programs: ["hping3"],
  version: "hping3 --version",
  fails: (_, family) => (family === 6 ? "sends nothing: `Unable to resolve 'HOST'`" : undefined),
} satisfies Partial<Client>;

const nmap = { programs: ["nmap"], version: "nmap --version" };
const nc = { programs: ["nc"], version: "nc -h" };
const telnet = { programs: ["telnet"], version: "telnet --version" };
const bash = { programs: ["bash"], version: "bash --version" };
const python = { programs: ["python3"], version: "python3 --version" };

const knocks = (name: string, path: string, programs: readonly string[]): readonly Client[] => {
  const common = { programs, path, version: "knock -V" };
  return [
    { ...common, name, typed: (ports) => `knock HOST ${ports.join(" ")}` },
    {
      ...common,
      name: `${name}, UDP`,
      door: "udp",
      typed: (ports) => `knock -u HOST ${numbers(ports).join(" ")}`,
    },
    {
      ...common,
      name: `${name}, both`,
      door: "mixed",
      typed: (ports) => `knock HOST ${ports.join(" ")}`,
    },
  ];
};

/** Everything that people knock with here, in the order of docs/clients.md. */
export const catalogue: readonly Client[] = [
  ...knocks("knock", join(import.meta.dirname, "../../bin"), []),
  ...knocks("Debian's knock", join(peers, "bin"), ["knock"]),
  {
    ...nmap,
    name: "nmap, a port a call",
    // Without -n nmap asks for the server's name first, and there is nobody to ask.
    typed: each("nmap [-6] -n -Pn --host-timeout 201 --max-retries 0 -p $p HOST"),
  },
  {
    ...nmap,
    name: "nmap, SYN",
    typed: each("nmap [-6] -n -Pn -sS --max-retries 0 -p $p HOST"),
  },
  {
    ...nmap,
    name: "nmap, connect",
    typed: each("nmap [-6] -n -Pn -sT --max-retries 0 -p $p HOST"),
  },
  {
    ...nmap,
    name: "nmap, one call",
    door: "rising",
    typed: (ports) => `nmap [-6] -n -Pn -r --max-retries 0 -p ${ports.join(",")} HOST`,
  },
  {
    ...nmap,
    name: "nmap, UDP",
    door: "udp",
    typed: each("nmap [-6] -n -Pn -sU --max-retries 0 -p $p HOST"),
  },
  {
    ...nc,
    name: "nc -z",
    typed: each("nc -z HOST $p"),
    slow: true,
    fails: (knocks) => (knocks === "dropped" ? "too slow" : undefined),
  },
  { ...nc, name: "nc -z -w1", typed: each("nc -z -w1 HOST $p") },
  { ...nc, name: "nc -w1", typed: each("nc -w1 HOST $p </dev/null") },
  { ...nc, name: "nc -u", door: "udp", typed: each("echo | nc -u -w1 HOST $p") },
  { ...nc, name: "nc -u -z -v", door: "udp", typed: each("nc -u -z -v HOST $p") },
  {
    ...nc,
    name: "nc -u -z",
    door: "udp",
    typed: each("nc -u -z HOST $p"),
    fails: () => "sends nothing",
  },
  {
    ...telnet,
    name: "telnet, given up after a second",
    // The first packet has been sent twice by then.
    typed: each("timeout 1.3 telnet HOST $p"),
  },
  {
    ...telnet,
    name: "telnet, left open while the next begins",
    typed: ([first, second, third]) =>
      `telnet HOST ${first} & sleep 8; telnet HOST ${second} & sleep 8; telnet HOST ${third}`,
    settings: repeatedSyns,
    slow: true,
  },
  {
    ...telnet,
    name: "telnet, until it gives up",
    door: "patient",
    typed: each("telnet HOST $p"),
    // It gives up after 15 s then, about as early as Windows does; Linux waits for one or two minutes.
    settings: { ...repeatedSyns, tcp_syn_retries: 3 },
    slow: true,
  },
  {
    ...bash,
    name: "bash, TCP",
    typed: each(`timeout 1 bash -c "</dev/tcp/HOST/$p"`),
  },
  { ...bash, name: "bash, UDP", door: "udp", typed: each("echo >/dev/udp/HOST/$p") },
  {
    ...python,
    name: "Python, TCP",
    typed: each(
      `python3 -c "import socket; socket.create_connection(('HOST', $p), timeout=0.5)" 2>/dev/null`,
    ),
  },
  {
    ...python,
    name: "Python, UDP",
    door: "udp",
    typed: each(
      `python3 -c "from socket import *; socket(AF_INET[6], SOCK_DGRAM).sendto(b'x', ('HOST', $p))"`,
    ),
  },
  { ...hping3, name: "hping3, TCP", typed: each("hping3 -S -c 1 -p $p HOST") },
  { ...hping3, name: "hping3, UDP", door: "udp", typed: each("hping3 --udp -c 1 -p $p HOST") },
  {
    name: "curl",
    programs: ["curl"],
    version: "curl --version",
    typed: each("curl --max-time 1 http://HOST:$p/"),
  },
  {
    name: "busybox nc",
    programs: ["busybox"],
    version: "busybox",
    typed: each("busybox nc -w 1 HOST $p </dev/null"),
  },
];

/** Clients that have a test of their own, in the order of docs/clients.md, after the others. */
export const others: readonly string[] = ["knock.exe", "Chromium"];

/** The clients of these names. */
export function clientsNamed(...names: readonly string[]): Client[] {
  return names.map((name) => {
    const client = catalogue.find((one) => one.name === name);
    if (client === undefined) throw new Error(`the catalogue has no client "${name}"`);
    return client;
  });
}
