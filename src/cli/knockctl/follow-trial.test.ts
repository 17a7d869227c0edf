import { expect, test } from "vitest";
import { startServer } from "../../../test/support/control-server.ts";
import { followTrial } from "./follow-trial.ts";

test("an interruption before the wait ends it, and leaves the trial", async () => {
  const { connect, handlers } = await startServer();
  handlers.unprotect();
  const daemon = await connect();
  const guarded = await daemon.ask("guard", {});
  const shown: string[] = [];
  const io = { stdout: (text: string) => void shown.push(text), stderr: () => {} };
  const code = await followTrial(daemon, guarded, {
    line: { given: new Map() },
    io,
    host: "server.example.org",
    signal: AbortSignal.abort(),
  });
  expect([code, handlers.status().firewall.trial]).toEqual([1, expect.anything()]);
  expect(shown.join("")).toContain("The trial goes on until its end, without this terminal.");
});
