// npm run bench:micro: the cost of single steps of the hot path.
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
