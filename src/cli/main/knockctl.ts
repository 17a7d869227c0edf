// The program `knockctl`.

import { main } from "../knockctl.ts";
import { runProgram } from "../program.ts";

void runProgram("knockctl", main);
