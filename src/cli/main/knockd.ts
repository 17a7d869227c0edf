// The program `knockd`.

import { Hangups } from "../hangups.ts";
import { runProgram } from "../program.ts";

// Before the rest is loaded: a SIGHUP now asks for a reload, and must not end the start.
const hangups = new Hangups();
void runProgram("knockd", async (args, io) =>
  (await import("../knockd.ts")).main(args, io, hangups),
);
