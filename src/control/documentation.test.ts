import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { startServer } from "../../test/support/control-server.ts";
import { knownFleet } from "../../test/support/known-fleet.ts";
import { Address } from "../base/address.ts";
import { defaultControlSocket } from "../base/paths.ts";
import { problemCodes } from "../base/status-problem.ts";
import { defaultLimits } from "./limits.ts";
import { methods } from "./methods.ts";

const file = new URL("../../docs/control-protocol.md", import.meta.url);
const text = readFileSync(file, "utf8");

/** `>` and `<` lines of all examples, in pairs. */
const examples = [...text.matchAll(/```control\n(.*?)```/gs)].flatMap(([, block = ""]) =>
  [...block.matchAll(/^> (.*)\n< (.*)\n/gm)].map(([, request, answer]) => [request, answer]),
);

test("the examples are one conversation that really happens", async () => {
  const { path, handlers } = await startServer();
  handlers.knownFleet = knownFleet;
  const socket = connect(path);
  onTestFinished(() => void socket.destroy());
  let got = "";
  socket.on("data", (chunk) => {
    got += chunk;
  });
  const told = () => got.split("\n").slice(0, -1);
  for (const [i, [request = "", answer]] of examples.entries()) {
    socket.write(`${request}\n`);
    if (request.includes('"watch"')) {
      await expect.poll(() => handlers.watchers).toBe(1);
      const source = Address.v4(0xc0000207);
      const who = { door: "ssh", source, detail: { stage: 1, steps: 3 } };
      const entry = { event: "stage", text: "192.0.2.7: ssh: Stage 1", ...who };
      handlers.say({ level: "notice", ...entry });
    }
    await expect.poll(() => told()).toHaveLength(i + 1);
    expect(told().at(-1)).toBe(answer);
  }
});

test("there is an example of each method", () => {
  const shown = examples.map(([request = ""]) => /"method":"(\w+)"/.exec(request)?.[1]);
  expect(shown).toEqual(expect.arrayContaining([...Object.keys(methods), "watch"]));
});

test("the table of methods is that of the code", () => {
  const rows = Object.entries(methods).map(([name, { params, changes }]) => {
    const written = describeParams(params);
    return `| \`${name}\` |${written && ` ${written}`} | ${changes ? "yes" : "no"} |`;
  });
  const table = [...rows, "| `watch` | | no |"].join("\n");
  expect(text).toContain(`| --- | --- | --- |\n${table}\n\n`);
});

/** The members of an object, or of each of several; a check behind an object leaves its members as they are. */
function describeParams(schema: object): string {
  if ("options" in schema) return (schema.options as object[]).map(describeParams).join("; or ");
  const { entries } = schema as { entries: Readonly<Record<string, { type: string }>> };
  const names = Object.entries(entries).map(
    ([name, { type }]) => `\`${name}${type === "exact_optional" ? "?" : ""}\``,
  );
  return names.join(", ");
}

test("the table of problems has every code", () => {
  const section = text.slice(text.indexOf("\n## Problems\n"), text.indexOf("\n## Errors"));
  const codes = [...section.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, code]) => code);
  expect(codes).toEqual(problemCodes);
});

test("limits and the path are those of the code", () => {
  const { connections, request, inFlight, backlog, requestTime, idleTime } = defaultLimits;
  const values = [connections, request, inFlight, requestTime / 1000, idleTime / 1000, backlog];
  const table = text.slice(text.indexOf("| limit |"));
  const written = [...table.matchAll(/\| ([\d,]+) \|/g)].map(([, n = ""]) => n.replaceAll(",", ""));
  expect(written.map(Number)).toEqual(values);
  expect(text).toContain(`\`${defaultControlSocket}\``);
});
