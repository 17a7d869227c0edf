import { BoardError } from "./board.ts";

/** Resolves also when a board refuses this, and says why. Rejects with what is no refusal. */
export async function unlessRefused(
  work: Promise<void>,
  onRefusal: (why: string) => void = () => {},
): Promise<void> {
  try {
    await work;
  } catch (thrown) {
    if (!(thrown instanceof BoardError) || thrown.kind === "lost") throw thrown;
    onRefusal(thrown.message);
  }
}
