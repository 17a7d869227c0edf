// The bodies of requests and of answers.
import type { IncomingMessage, ServerResponse } from "node:http";

/** Bytes of a request's body. */
const longestBody = 16_384;

/** Reads the body of a request. Answers it, and returns undefined, if it is too long or is not JSON. */
export async function readBody(
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Buffer | undefined> {
  if (request.headers["content-type"] !== "application/json") {
    refuse(response, 415, "expected application/json");
    return undefined;
  }
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > longestBody) {
        response.setHeader("Connection", "close");
        refuse(response, 413, `at most ${longestBody} bytes`);
        return undefined;
      }
      chunks.push(chunk);
    }
  } catch {
    return undefined; // The connection has ended.
  }
  return Buffer.concat(chunks);
}

/** Returns the text that JSON holds; empty for anything else. */
export function readText(body: Buffer): string {
  try {
    const json: unknown = JSON.parse(body.toString());
    return typeof json === "string" ? json : "";
  } catch {
    return ""; // No token is empty.
  }
}

/** Answers with the reason for a refusal. */
export function refuse(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, { error: { message, hints: [] } });
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.statusCode = status;
  response.setHeader("Content-Type", "application/json");
  response.setHeader("Content-Length", Buffer.byteLength(text));
  response.end(text);
}
