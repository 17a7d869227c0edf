// What this room uses of @redis/client. knockd builds without the package: only a fleet needs it.
declare module "@redis/client" {
  import type { Buffer } from "node:buffer";

  interface RedisSocketOptions {
    readonly host?: string;
    readonly port?: number;
    readonly path?: string;
    readonly tls?: boolean;
    readonly ca?: string;
    readonly connectTimeout: number;
    readonly reconnectStrategy: false;
  }

  export interface RedisClientOptions {
    readonly RESP: 2;
    readonly username?: string;
    readonly password?: string;
    readonly disableClientInfo: boolean;
    readonly disableOfflineQueue: boolean;
    readonly maintNotifications: "disabled";
    readonly socket: RedisSocketOptions;
  }

  export interface RedisClient {
    on(event: "error", listener: (error: unknown) => void): this;
    on(event: "end", listener: () => void): this;
    connect(): Promise<unknown>;
    /** Throws where the client is not open. */
    destroy(): void;
    withTypeMapping(mapping: Readonly<Record<number, unknown>>): RedisClient;
    sendCommand<Reply>(words: readonly (string | Buffer)[]): Promise<Reply>;
  }

  export function createClient(options: RedisClientOptions): RedisClient;

  /** An error that the server answers. */
  export class ErrorReply extends Error {}

  export const RESP_TYPES: { readonly BLOB_STRING: number };
}
