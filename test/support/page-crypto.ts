// The cryptography of the page as one module, for Node and for browsers.
import { join } from "node:path";
import { buildSync } from "esbuild";

const root = join(import.meta.dirname, "../..");

/** What the module has. Its types are those of browsers, which Node's do not know. */
export interface PageCrypto {
  readDeviceKey(text: string): Promise<{ readonly id: string } | string>;
  sealPacket(key: unknown, request: unknown, slot: number): Promise<Uint8Array>;
  doorIdOf(name: string): Promise<string>;
}

/** Returns a script whose global `pageCrypto` is the module. */
export function bundlePageCrypto(): string {
  const { outputFiles } = buildSync({
    stdin: {
      contents: 'export * from "./page/seal.ts"; export * from "./page/device-key.ts";',
      resolveDir: root,
    },
    bundle: true,
    write: false,
    format: "iife",
    globalName: "pageCrypto",
    target: "es2022",
  });
  return outputFiles.map(({ text }) => text).join("\n");
}

/** Loads the module here. */
export function loadPageCrypto(): PageCrypto {
  return new Function(`${bundlePageCrypto()}; return pageCrypto;`)();
}
