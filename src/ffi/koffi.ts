import { createRequire } from "node:module";
import type { default as Koffi } from "koffi";
import { koffiPath } from "./koffi-path.ts";

/**
 * The addon of koffi for this processor, whose exports are koffi's. The package `koffi` itself has a
 * script that runs at the installation, which npm warns of.
 */
const koffi: typeof Koffi = createRequire(koffiPath)(koffiPath);

export default koffi;
