/** Whether `npm run test:long` runs: it has time for more of the same. */
export const isLong: boolean = process.env["SESAME_LONG"] === "1";

/** Returns how often a property or a simulation is tried: `usual` times, ten times as often in a long run. */
export const tries = (usual: number): number => (isLong ? 10 * usual : usual);
