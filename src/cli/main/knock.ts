// The program `knock`.

import { main } from "../knock.ts";
import { runProgram } from "../program.ts";

void runProgram("knock", main);
