// sd_notify(3): tells systemd, or another NOTIFY_SOCKET, the state of this process.
import type { Clock } from "../base/clock.ts";
import { later } from "../base/time.ts";
import { closeUnixDatagram, openUnixDatagram, sendUnixDatagram } from "../ffi/unix-datagram.ts";

/**
 * Returns whether a service manager waits for this process to say that it is ready. It takes the end of this
 * process for the end of the service, whatever runs in the background.
 */
export function isNotified(environment: NodeJS.ProcessEnv = process.env): boolean {
  const { NOTIFY_SOCKET: socket, SYSTEMD_EXEC_PID: pid } = environment;
  // A script of another service inherits both: then the number is that of another process.
  return socket !== undefined && (pid === undefined || pid === String(process.pid));
}

/** The service manager that started this process, if one did and wants to know. */
export class ServiceManager {
  readonly #clock: Clock;
  readonly #path: string | undefined;
  readonly #fd: number | undefined;
  readonly #watchdogInterval: number | undefined;
  #cancelWatchdog: (() => void) | undefined;

  constructor(clock: Clock, environment: NodeJS.ProcessEnv = process.env) {
    this.#clock = clock;
    // An @ stands for the NUL that begins the name of an abstract socket.
    this.#path = environment["NOTIFY_SOCKET"]?.replace(/^@/, "\0");
    if (this.#path !== undefined) this.#fd = openUnixDatagram();
    const watchdog = Number(environment["WATCHDOG_USEC"]);
    if (watchdog > 0) this.#watchdogInterval = watchdog / 2000;
    // Commands are no part of this conversation.
    delete environment["NOTIFY_SOCKET"];
    delete environment["WATCHDOG_USEC"];
    delete environment["WATCHDOG_PID"];
  }

  /** Everything is ready, after a start or a reload; `status`: a line for `systemctl status`. */
  ready(status: string): void {
    this.#send(`READY=1\nSTATUS=${status}`);
    this.#watchdog();
  }

  reloading(): void {
    const microseconds = Math.floor(this.#clock.now() * 1000);
    this.#send(`RELOADING=1\nMONOTONIC_USEC=${microseconds}\nSTATUS=reading the configuration`);
  }

  stopping(): void {
    this.#send("STOPPING=1");
    this.#cancelWatchdog?.();
  }

  close(): void {
    this.#cancelWatchdog?.();
    if (this.#fd !== undefined) closeUnixDatagram(this.#fd);
  }

  #watchdog(): void {
    this.#cancelWatchdog?.();
    if (this.#watchdogInterval === undefined) return;
    this.#send("WATCHDOG=1");
    const next = later(this.#clock.now(), this.#watchdogInterval);
    this.#cancelWatchdog = this.#clock.wakeAt(next, () => this.#watchdog());
  }

  #send(text: string): void {
    if (this.#fd === undefined || this.#path === undefined) return;
    sendUnixDatagram(this.#fd, this.#path, new TextEncoder().encode(text));
  }
}
