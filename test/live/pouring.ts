import type { LiveHost } from "./host.ts";

/** Sends without end to each client that connects. */
const source = `
  const chunk = Buffer.alloc(1 << 18);
  require("node:net").createServer((socket) => {
    const pour = () => { while (socket.write(chunk)); socket.once("drain", pour); };
    socket.on("error", () => {});
    pour();
  }).listen(7777, "0.0.0.0", () => console.log("listening"));
`;

/** Starts a server on port 7777 that sends without end. */
export async function startPouring(host: LiveHost): Promise<void> {
  await host.start([process.execPath, "-e", source]).waitFor(/listening/);
}
