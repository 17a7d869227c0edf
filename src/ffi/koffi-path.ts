import { createRequire } from "node:module";

/** What `require` takes for koffi, in any thread. In an executable another file stands for this one. */
export const koffiPath: string = createRequire(import.meta.url).resolve(
  `@koromix/koffi-${process.platform}-${process.arch}`,
);
