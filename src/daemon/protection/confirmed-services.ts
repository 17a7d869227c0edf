import { reason } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Service } from "../../base/service.ts";
import { formatService, formatServices, parseService } from "../../base/service.ts";
import type { FileReplacer } from "../../system/file-replacer.ts";
import { readIfThere } from "../../system/files.ts";

/** The services that an administrator confirmed, also to daemons before this one: a file with a line for each. */
export class ConfirmedServices {
  readonly #path: string;
  readonly #files: FileReplacer;
  readonly #log: Log;
  #problem: string | undefined;
  #services: readonly Service[];

  /** Reads the file. Lines that cannot be used are told in the log. */
  constructor(path: string, files: FileReplacer, log: Log) {
    this.#files = files;
    this.#path = path;
    this.#log = log;
    this.#services = read(path, (text) =>
      log.write({ level: "error", event: "protect-failed", text }),
    );
  }

  get services(): readonly Service[] {
    return this.#services;
  }

  /** Why the next daemon will know other services. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Throws SYSTEM if the file cannot be written; then they stay as they were. */
  async replace(services: readonly Service[]): Promise<void> {
    const lines = services.map((service) => `${formatService(service)}\n`);
    await this.#files.replace(this.#path, lines.length === 0 ? undefined : lines.join(""));
    this.#services = services;
    this.#problem = undefined;
  }

  /** Forgets all, whatever becomes of the file. That it stays is in the log, and a problem from then on. */
  async forget(): Promise<void> {
    try {
      await this.replace([]);
    } catch (error) {
      const text = `the next start protects ${formatServices(this.#services)}: ${reason(error)}`;
      this.#services = [];
      this.#problem = text;
      this.#log.write({ level: "error", event: "protect-failed", text });
    }
  }
}

function read(path: string, complain: (text: string) => void): readonly Service[] {
  try {
    const lines = readIfThere(path)?.toString().split("\n").filter(Boolean) ?? [];
    return lines.flatMap((line) => {
      const service = parseService(line);
      if (service === undefined) complain(`${path}: "${line}" is no service`);
      return service ?? [];
    });
  } catch (error) {
    complain(`cannot read ${path}: ${reason(error)}`);
    return [];
  }
}
