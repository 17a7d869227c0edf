// The program `knockctl`.

import { runProgram } from "../program.ts";

void runProgram("knockctl", async (args, io) => (await import("../knockctl.ts")).main(args, io));
