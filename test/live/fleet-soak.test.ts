// Gateways around a store that fails again and again. `npm run soak:fleet` is the long form.
import { expect, test } from "vitest";
import { SeededRandom } from "../differential/random.ts";
import { FleetStory } from "../soak/fleet-story.ts";
import { median } from "../support/trend.ts";
import { needs } from "./requirements.ts";

const minutes = Number(process.env["FLEET_SOAK_MINUTES"] ?? 0.3);
const gateways = Number(process.env["FLEET_SOAK_GATEWAYS"] ?? 5);
const seed = Number(process.env["FLEET_SOAK_SEED"] ?? Date.now() % 1e9);

/** Bytes by which heap and store may be larger in the last third than in the second one. */
const heapNoise = 16 << 20;
const storeNoise = 2 << 20;

test.skipIf(needs("redis-server"))(
  `${gateways} gateways are alike after each fault of ${minutes} min (FLEET_SOAK_SEED=${seed})`,
  { timeout: (minutes + 4) * 60_000 },
  async () => {
    const story = await FleetStory.begin(gateways, new SeededRandom(seed));
    const sizes: { heap: number; store: number }[] = [];
    try {
      const end = performance.now() + minutes * 60_000;
      while (performance.now() < end) {
        await story.round();
        globalThis.gc?.();
        sizes.push({ heap: process.memoryUsage().heapUsed, store: await story.storeSize() });
      }
    } finally {
      await story.end();
    }
    const { faults, ...report } = story.report;
    console.log(
      `${sizes.length} faults: ${[...faults].map(([name, times]) => `${times} ${name}`).join(", ")}`,
    );
    console.log(JSON.stringify(report));
    const third = Math.floor(sizes.length / 3);
    const grown = (of: "heap" | "store") => {
      const all = sizes.map((size) => size[of]);
      return median(all.slice(-third)) - median(all.slice(third, 2 * third));
    };
    console.log(`heap grew by ${grown("heap")} bytes, the store by ${grown("store")}`);
    expect(report.doubleClaims).toBe(0);
    // A short run says nothing of growth.
    if (sizes.length < 30) return;
    expect(grown("heap")).toBeLessThan(heapNoise);
    expect(grown("store")).toBeLessThan(storeNoise);
  },
);
