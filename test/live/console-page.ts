import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect } from "vitest";
import { startBrowser } from "./browser.ts";
import type { LiveHost } from "./host.ts";
import type { Process } from "./process.ts";
import type { Server } from "./server.ts";

export const phone: BrowserContextOptions = {
  ...{ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
  ...{ isMobile: true, hasTouch: true },
};
export const desktop: BrowserContextOptions = { viewport: { width: 1280, height: 900 } };

/** Waits for what a console shows within a second, on a machine that may be slow. */
export const patient = { timeout: 20_000 };

/** A console that runs on the host of its daemon. */
export class ConsoleRun {
  readonly program: Process;

  constructor(server: Server, options = "") {
    this.program = server.host.start(server.argv(`console${options && ` ${options}`}`));
  }

  /** The address that it prints. */
  async address(): Promise<string> {
    await this.program.waitFor(/Ctrl-C ends the console/);
    return /http:\S+/.exec(this.program.stdout)?.[0] ?? expect.unreachable();
  }
}

/** Opens an address in a browser of its own context, and waits until it shows a console. */
export async function look(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = desktop,
): Promise<Page> {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  const tab = await context.newPage();
  tab.setDefaultTimeout(patient.timeout);
  await tab.goto(address);
  await expect.poll(() => tab.locator("#doors > li").count(), patient).toBeGreaterThan(0);
  return tab;
}

export async function browserOn(host: LiveHost, names: readonly string[] = []): Promise<Browser> {
  return await startBrowser(host, { names });
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Returns what axe-core finds wrong that is serious or critical, as `rule: element`. */
export async function findBarriers(tab: Page): Promise<string[]> {
  // By the protocol of the developer tools: the policy of the page lets no script in.
  const session = await tab.context().newCDPSession(tab);
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
      ...{ expression, awaitPromise: true, returnByValue: true },
    });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return result.value;
  };
  await evaluate(`${axe}; 0`);
  const found = (await evaluate(`axe.run().then(({ violations, passes }) => ({
    passes: passes.length,
    violations: violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ": " + html.slice(0, 150))),
  }))`)) as { readonly passes: number; readonly violations: string[] };
  expect(found.passes).toBeGreaterThan(10);
  return found.violations;
}

/** Returns how long scripts of a page run from now until `task` has ended: milliseconds. */
export async function scriptTime(tab: Page, task: () => Promise<void>): Promise<number> {
  const session = await tab.context().newCDPSession(tab);
  await session.send("Performance.enable");
  const read = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return (metrics.find(({ name }) => name === "ScriptDuration")?.value ?? 0) * 1000;
  };
  const before = await read();
  await task();
  return (await read()) - before;
}
