import type { Endpoint } from "../../base/endpoint.ts";
import { formatEndpoint } from "../../base/endpoint.ts";
import { reason } from "../../base/errors.ts";
import type { Level, Log } from "../../base/log.ts";
import { TaskSequence } from "../../base/task-sequence.ts";
import type { MetricsServer } from "./metrics-server.ts";

/** What is shown, at this moment. */
interface Page {
  text(): string;
}

/**
 * The metrics, where and as long as the configuration wants them. Until then nothing of HTTP is loaded.
 */
export class MetricsPage {
  readonly #log: Log;
  readonly #load: () => Promise<Page>;
  #page: Page | undefined;
  #server: MetricsServer | undefined;
  #where: string | undefined;
  /** Two reloads may be on their way at once. */
  readonly #changes = new TaskSequence();

  /** `load`: makes the page; called when it is wanted for the first time, and never before. */
  constructor(log: Log, load: () => Promise<Page>) {
    this.#log = log;
    this.#load = load;
  }

  /** From now on answers there, or nowhere. What fails is told in the log: doors open all the same. */
  listen(endpoint: Endpoint | undefined): Promise<void> {
    return this.#changes.run(() => this.#listen(endpoint));
  }

  /** Answers no more. May be called more than once. */
  close(): Promise<void> {
    return this.listen(undefined);
  }

  async #listen(endpoint: Endpoint | undefined): Promise<void> {
    const where = endpoint && formatEndpoint(endpoint);
    if (where === this.#where) return;
    await this.#server?.close();
    this.#server = undefined;
    this.#where = undefined;
    if (endpoint === undefined || where === undefined) return;
    try {
      const { serveMetrics } = await import("./metrics-server.ts");
      this.#page ??= await this.#load();
      const page = this.#page;
      this.#server = await serveMetrics(endpoint, {
        text: () => page.text(),
        onProblem: (text) => this.#tell("error", `metrics: ${text}`),
      });
      this.#where = where;
      this.#tell("notice", `metrics at http://${where}/metrics`);
    } catch (error) {
      this.#tell("warning", `warning: no metrics: ${reason(error)}`);
    }
  }

  #tell(level: Level, text: string): void {
    this.#log.write({ level, event: "metrics", text });
  }
}
