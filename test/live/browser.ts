import { chmodSync } from "node:fs";
import type { Browser } from "playwright-core";
import { chromium } from "playwright-core";
import type { LiveHost } from "./host.ts";
import { Folder } from "./knockd.ts";

/** Names that the browser knows, as in /etc/hosts: `10.77.0.1 server.test`. */
export interface BrowserOptions {
  readonly names?: readonly string[];
  readonly flags?: readonly string[];
}

/**
 * Starts Debian's Chromium on a host of the test bed; the test steers it over pipes. It asks a name
 * server on that host, if there is one.
 */
export async function startBrowser(host: LiveHost, options: BrowserOptions = {}): Promise<Browser> {
  const folder = new Folder();
  const names = ["127.0.0.1 localhost", ...(options.names ?? [])];
  const hosts = folder.write("hosts", `${names.join("\n")}\n`);
  // `ip netns exec` gives its program mounts of its own.
  const resolv = folder.write("resolv.conf", "nameserver 127.0.0.1\noptions timeout:10\n");
  const mounts = `mount --bind ${hosts} /etc/hosts && mount --bind ${resolv} /etc/resolv.conf`;
  const start = `${mounts} && exec chromium "$@"`;
  const program = folder.write(
    "chromium",
    `#!/bin/sh\nexec ip netns exec ${host.namespace} sh -c '${start}' chromium "$@"\n`,
  );
  chmodSync(program, 0o755);
  return await chromium.launch({
    executablePath: program,
    // Inside a private world everybody is root, for whom Chromium has no sandbox.
    args: ["--no-sandbox", "--no-proxy-server", ...(options.flags ?? [])],
  });
}
