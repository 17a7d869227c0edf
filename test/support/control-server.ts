import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import type { ControlClient } from "../../src/control/client.ts";
import { openClient } from "../../src/control/client.ts";
import type { Limits } from "../../src/control/limits.ts";
import type { ControlServer } from "../../src/control/server.ts";
import { serve } from "../../src/control/server.ts";
import { ManualClock } from "./manual-clock.ts";
import { MemoryHandlers } from "./memory-handlers.ts";
import { MemoryLog } from "./memory-log.ts";

/** A directory that goes when the test ends; others may look into it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sesame-control-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  return folder;
}

export interface TestServer {
  readonly path: string;
  readonly server: ControlServer;
  readonly handlers: MemoryHandlers;
  readonly log: MemoryLog;
  readonly clock: ManualClock;
  readonly connect: () => Promise<ControlClient>;
  /** How many clients it serves at this moment. */
  readonly connections: () => number;
}

/** A server with a daemon that only remembers, until the test ends. Its clock stands still. */
export async function startServer(limits: Partial<Limits> = {}): Promise<TestServer> {
  const path = join(temporaryFolder(), "knockd", "control.sock");
  const clock = new ManualClock(Date.UTC(2026, 10, 22, 13, 26, 5));
  const handlers = new MemoryHandlers(clock);
  const log = new MemoryLog();
  const connections = countConnections(path);
  const server = await serve(path, { handlers, log, clock, limits });
  onTestFinished(() => server.close());
  const connect = async () => {
    const client = await openClient(path, systemClock);
    onTestFinished(() => client.close());
    return client;
  };
  return { path, server, handlers, log, clock, connect, connections };
}

/** Counts the sockets that a server on this path has accepted and not closed. */
function countConnections(path: string): () => number {
  const sockets = new Set<Socket>();
  const note = (message: unknown) => {
    const { socket } = message as { socket: Socket & { server: { address(): unknown } } };
    if (socket.server.address() !== path) return;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  };
  subscribe("net.server.socket", note);
  onTestFinished(() => void unsubscribe("net.server.socket", note));
  return () => sockets.size;
}
