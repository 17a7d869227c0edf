import type { IncomingMessage, Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { postWebhook } from "./webhook.ts";

/** What the server answers, request by request: a status, or nothing. The last one stays. */
let answers: readonly (number | "nothing")[];
let requests: {
  readonly method: string | undefined;
  readonly type: string;
  readonly body: string;
}[];
let server: Server;
let url: string;

beforeEach(async () => {
  requests = [];
  server = createServer(async (request, response) => {
    const body = await textOf(request);
    requests.push({ method: request.method, type: request.headers["content-type"] ?? "", body });
    const answer = answers[requests.length - 1] ?? answers.at(-1);
    if (answer !== "nothing")
      response.writeHead(answer ?? 500, { location: "/" }).end("x".repeat(1e6));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request) text += String(part);
  return text;
}

const pauses = [10, 20];
const signal = new AbortController().signal;

test("sends JSON once where it is taken", async () => {
  answers = [204];
  expect(await postWebhook(url, '{"door":"é"}', { pauses, signal })).toBeUndefined();
  expect(requests).toEqual([{ method: "POST", type: "application/json", body: '{"door":"é"}' }]);
});

test.each<[readonly number[], number, string | undefined]>([
  [[500, 429, 200], 3, undefined],
  [[503], 3, "the server answered with status 503"],
  [[404], 1, "the server answered with status 404"],
  // A redirection could lead anywhere.
  [[302, 200], 1, "the server answered with status 302"],
])("of answers %j it needs %i requests", async (statuses, count, problem) => {
  answers = statuses;
  expect(await postWebhook(url, "{}", { pauses, signal })).toBe(problem);
  expect(requests.length).toBe(count);
});

test("a server that does not answer costs the time limit of each attempt", async () => {
  answers = ["nothing"];
  const problem = await postWebhook(url, "{}", { pauses, timeout: 100, signal });
  expect([problem, requests.length]).toEqual(["no answer in time", 3]);
});

test("a server that is away is an error, and an end ends the wait", async () => {
  const away = "http://127.0.0.1:1/";
  expect(await postWebhook(away, "{}", { pauses: [], signal })).toMatch(/refused/i);
  const ending = new AbortController();
  const posted = postWebhook(away, "{}", { pauses: [3_600_000], signal: ending.signal });
  setTimeout(() => ending.abort(), 50);
  expect(await posted).toBeDefined();
});
