import { expect, test } from "vitest";
import { withSystemPath } from "./environment.ts";

test.each([
  ["/usr/local/bin:/usr/bin", "/usr/local/bin:/usr/bin:/usr/sbin:/sbin"],
  [undefined, "/usr/bin:/bin:/usr/sbin:/sbin"],
  ["", "/usr/bin:/bin:/usr/sbin:/sbin"],
  [":/usr/bin:", "/usr/bin:/usr/sbin:/sbin"],
])("with a PATH of %s programs are looked for in %s", (path, searched) => {
  expect(withSystemPath({ PATH: path, HOME: "/root" })).toEqual({
    PATH: searched,
    HOME: "/root",
  });
});
