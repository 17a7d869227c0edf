import type { LiveHost } from "./host.ts";
import type { Folder } from "./knockd.ts";
import type { Process } from "./process.ts";

/** Serves the files of a folder by http at port 8000 and by https at 8443. */
const script = `
  const { readFileSync } = require("node:fs");
  const [folder, key, cert] = process.argv.slice(1);
  const answer = (request, response) => {
    const [name] = request.url.slice(1).split("?");
    const type = name.endsWith(".js") ? "text/javascript" : "text/html";
    try {
      const content = readFileSync(folder + "/" + name);
      response.setHeader("content-type", type).end(content);
    } catch {
      response.writeHead(404).end();
    }
  };
  const identity = { key: readFileSync(key), cert: readFileSync(cert) };
  require("node:http").createServer(answer).listen(8000, "::");
  require("node:https").createServer(identity, answer).listen(8443, "::");
  console.log("listening");
`;

/** Starts a web server with a certificate that no authority signed. */
export async function startSite(host: LiveHost, folder: Folder): Promise<Process> {
  const [key, cert] = [folder.at("key.pem"), folder.at("cert.pem")];
  await host.run([
    ...["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x"],
    ...["-keyout", key, "-out", cert],
  ]);
  const root = folder.at("").replace(/\/$/, "");
  const web = host.start([process.execPath, "-e", script, root, key, cert]);
  await web.waitFor(/listening/);
  return web;
}
