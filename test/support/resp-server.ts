import type { AddressInfo, Server, Socket } from "node:net";
import { createServer } from "node:net";
import type { StoreHost } from "../../src/base/store-address.ts";

/** What a server says to a command, as the protocol has it; undefined: nothing, for ever. */
export type RespAnswer = (words: readonly string[]) => string | undefined;

/** A server that speaks the protocol of Redis, and says what a test wants. */
export class RespServer {
  /** Connections that are open. */
  readonly sockets: Set<Socket> = new Set();
  answer: RespAnswer;
  readonly #server: Server;

  private constructor(answer: RespAnswer) {
    this.answer = answer;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async open(answer: RespAnswer): Promise<RespServer> {
    const server = new RespServer(answer);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get at(): StoreHost {
    const { port } = this.#server.address() as AddressInfo;
    return { host: "127.0.0.1", port };
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.sockets.add(socket);
    let text = "";
    socket.setEncoding("latin1").on("data", (more: string) => {
      text += more;
      for (let command = firstCommand(text); command; command = firstCommand(text)) {
        text = text.slice(command.length);
        const said = this.answer(command.words);
        if (said !== undefined) socket.write(said, "latin1");
      }
    });
    socket.on("error", () => {}).on("close", () => this.sockets.delete(socket));
  }
}

/** Returns a text as the protocol has it. */
export const respText = (text: string): string =>
  `$${Buffer.byteLength(text, "latin1")}\r\n${text}\r\n`;

/** Returns a list of texts as the protocol has it. */
export const respList = (...texts: readonly string[]): string =>
  `*${texts.length}\r\n${texts.map(respText).join("")}`;

/** Returns the first command, and how long it is; undefined if it is not whole yet. */
function firstCommand(
  text: string,
): { readonly words: readonly string[]; readonly length: number } | undefined {
  const [head, count] = /^\*(\d+)\r\n/.exec(text) ?? [];
  if (head === undefined) return undefined;
  const words: string[] = [];
  let at = head.length;
  for (let i = 0; i < Number(count); i++) {
    const [size = "", digits] = /^\$(\d+)\r\n/.exec(text.slice(at)) ?? [];
    const end = at + size.length + Number(digits) + 2;
    if (digits === undefined || text.length < end) return undefined;
    words.push(text.slice(at + size.length, end - 2));
    at = end;
  }
  return { words, length: at };
}
