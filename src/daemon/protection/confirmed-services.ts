import { KnockError, reason } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Service } from "../../base/service.ts";
import { formatService, formatServices, parseService } from "../../base/service.ts";
import { inTime, LateDiskError } from "../../system/disk.ts";
import type { FileReplacer } from "../../system/file-replacer.ts";

/** The services that an administrator confirmed, also to daemons before this one: a file with a line for each. */
export class ConfirmedServices {
  readonly #path: string;
  readonly #files: FileReplacer;
  readonly #log: Log;
  #problem: string | undefined;
  #services: readonly Service[] = [];

  #isRead = false;
  /** Whether a reading has not ended. */
  #isReading = false;
  #isForgotten = false;

  constructor(path: string, files: FileReplacer, log: Log) {
    this.#files = files;
    this.#path = path;
    this.#log = log;
  }

  /**
   * Reads the file unless it is read already, and waits 2 s at most. Returns whether to try again: the file
   * could not be read. Lines that cannot be used are told in the log. `onLate` is called when a disk that
   * hangs has answered.
   */
  async load(onLate: () => void): Promise<boolean> {
    if (!this.isUnread || this.#isReading) return false;
    const reading = this.#read();
    try {
      await inTime(reading);
    } catch (error) {
      this.#failToRead(error);
      if (!(error instanceof LateDiskError)) return true;
      const late = reading.catch((failure: unknown) => this.#failToRead(failure));
      void late.then(() => this.#files.idle()).then(onLate);
    }
    return false;
  }

  /** Whether it is not known yet what was confirmed. */
  get isUnread(): boolean {
    return !this.#isRead && !this.#isForgotten;
  }

  get services(): readonly Service[] {
    return this.#services;
  }

  /** Why the next daemon will know other services. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Throws SYSTEM if the file cannot be written, or is not read yet; then they stay as they were. */
  async replace(services: readonly Service[]): Promise<void> {
    if (this.isUnread) throw new KnockError("SYSTEM", this.#problem ?? "nothing is read yet");
    const lines = services.map((service) => `${formatService(service)}\n`);
    await this.#files.replace(this.#path, lines.length === 0 ? undefined : lines.join(""));
    this.#services = services;
    this.#problem = undefined;
  }

  /** Forgets all, whatever becomes of the file. That it stays is in the log, and a problem from then on. */
  async forget(): Promise<void> {
    const services = formatServices(this.#services) || "what was confirmed before";
    this.#isForgotten = true;
    this.#services = [];
    try {
      await this.replace([]);
    } catch (error) {
      const text = `the next start protects ${services}: ${reason(error)}`;
      this.#problem = text;
      this.#complain(text);
    }
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    try {
      this.#parse((await this.#files.readLater(this.#path)) ?? "");
      this.#isRead = true;
      if (!this.#isForgotten) this.#problem = undefined;
    } finally {
      this.#isReading = false;
    }
  }

  #failToRead(error: unknown): void {
    if (this.#isForgotten) return;
    const text = `cannot read ${this.#path}: ${reason(error)}: what the kernel protects stays protected`;
    if (this.#problem !== text) this.#complain(text);
    this.#problem = text;
  }

  #parse(text: string): void {
    const services = text.split("\n").flatMap((line) => {
      if (line === "") return [];
      const service = parseService(line);
      if (service === undefined) this.#complain(`${this.#path}: "${line}" is no service`);
      return service ?? [];
    });
    if (!this.#isForgotten) this.#services = services;
  }

  #complain(text: string): void {
    this.#log.write({ level: "error", event: "protect-failed", text });
  }
}
