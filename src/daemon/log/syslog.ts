import { closeUnixDatagram, openUnixDatagram, sendUnixDatagram } from "../../ffi/unix-datagram.ts";

/** LOG_USER and LOG_NOTICE (RFC 5424 §6.2.1), the one priority that knockd uses. */
const priority = 1 * 8 + 5;

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The system's log, by datagrams to `/dev/log` (RFC 3164, as syslog(3) writes them), ident knockd. */
export class Syslog {
  readonly #fd = openUnixDatagram();
  readonly #path: string;

  constructor(path = "/dev/log") {
    this.#path = path;
  }

  /** A line that nobody takes is lost, as with syslog(3). */
  write(line: string, wall: number): void {
    const date = new Date(wall);
    const two = (number: number) => String(number).padStart(2, "0");
    const day = `${months[date.getMonth()]} ${String(date.getDate()).padStart(2)}`;
    const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
    const text = `<${priority}>${day} ${time} knockd: ${line}`;
    sendUnixDatagram(this.#fd, this.#path, new TextEncoder().encode(text));
  }

  close(): void {
    closeUnixDatagram(this.#fd);
  }
}
