import { isIP } from "node:net";
import type { Parsed } from "./values.ts";
import { command } from "./values.ts";

/** What is told of openings or closings. */
export type Hook =
  /** Shell text, in which %IP% and other words are replaced. */
  | { readonly kind: "command"; readonly text: string }
  /** A web server gets a POST request. The whole address may be a secret. */
  | { readonly kind: "webhook"; readonly url: string };

/** Reads the value of a directive: what begins with `http://` or `https://` is a web server, the rest a command. */
export function parseHook(text: string): Parsed<Hook> {
  if (!/^https?:/i.test(text)) {
    if (text === "") return { problem: "expected a command or an https:// address", offset: 0 };
    const parsed = command(text);
    return "problem" in parsed ? parsed : { value: { kind: "command", text } };
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || /\s/.test(text)) {
    return { problem: "this address cannot be read", offset: 0, hint: "https://HOST/PATH" };
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    const hint = "https://; http:// is for this host alone";
    return { problem: "other hosts on the way can read http://", offset: 0, hint };
  }
  return { value: { kind: "webhook", url: url.href } };
}

/** Returns a hook for messages and `knockd -D`: the path of a web address is often a secret. */
export function formatHook(hook: Hook): string {
  if (hook.kind === "command") return hook.text;
  const { protocol, host } = new URL(hook.url);
  return `${protocol}//${host}/…`;
}

function isLoopback(hostname: string): boolean {
  if (hostname === "localhost" || hostname === "[::1]") return true;
  return isIP(hostname) === 4 && hostname.startsWith("127.");
}
