import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { isErrno } from "../base/errors.ts";

/**
 * Copies `input` to `socket` and `socket` to `output`, with backpressure. Passes on the end of one direction
 * while the other continues. Resolves when both have ended and all is written, or when `output` has no reader
 * any more. Throws the error that broke the connection.
 */
export async function pipe(socket: Socket, input: Readable, output: Writable): Promise<void> {
  socket.setNoDelay(true);
  // Without a reader the rest of the data is useless.
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
    // The last bytes may still wait for a slow reader. Errors are handled above.
    await new Promise((resolve) => output.end(resolve));
  }
}
