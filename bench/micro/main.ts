// npm run bench:micro: what single steps of the hot path cost, for whoever works on them.
import { measureDecode } from "./decode.ts";
import { measureFilter } from "./filter.ts";
import { measureKnocks } from "./knock.ts";
import { measureMatch } from "./match.ts";
import { printHead } from "./measure.ts";

printHead();
measureDecode();
measureMatch();
measureFilter();
measureKnocks();
