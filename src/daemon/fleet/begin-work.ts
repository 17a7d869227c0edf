/** Takes work that nothing waits for: a mistake in it is reported, and does not end the daemon. */
export type BeginWork = (work: Promise<unknown>) => void;
