import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { isErrno } from "../base/errors.ts";

/**
 * Carries the bytes of `input` to the other side of `socket`, and what comes from there to `output`, as fast as the slower
 * of each two takes them. The end of one direction is passed on, and the other goes on. Resolves when
 * both have ended and all is written, or nobody reads `output` any more. Throws what broke the connection.
 */
export async function pipe(socket: Socket, input: Readable, output: Writable): Promise<void> {
  socket.setNoDelay(true);
  // Without a reader there is nothing left to do, whatever the server still has to say.
  output.once("error", () => socket.destroy());
  input.once("error", () => socket.end());
  input.pipe(socket);
  socket.pipe(output);
  try {
    await finished(socket);
  } catch (error) {
    if (!isErrno(error, "ERR_STREAM_PREMATURE_CLOSE")) throw error;
  } finally {
    input.unpipe(socket);
    input.destroy();
    // What came last may still wait for a slow reader. Its errors are heard above.
    await new Promise((resolve) => output.end(resolve));
  }
}
