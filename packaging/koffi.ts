// Takes koffi's place in the executable for Linux. koffi looks for its addon in node_modules; here it
// is a file beside the executable. (As an asset inside it would have to be written somewhere first,
// and hardened servers run nothing from where everybody may write.)

import { dirname, join } from "node:path";

const addon = { exports: {} };
process.dlopen(addon, join(dirname(process.execPath), "koffi.node"));

export default addon.exports;
