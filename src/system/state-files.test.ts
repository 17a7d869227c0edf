import { expect, test } from "vitest";
import { stateFiles, stateOwner } from "./state-files.ts";

test("two configurations of one name have files of their own", () => {
  const [one, other] = ["/etc/knockd.conf", "/srv/knockd.conf"].map((file) =>
    stateFiles("/s", file),
  );
  expect(one?.boot).toMatch(/^\/s\/knockd\.conf-[0-9a-f]{12}\.nft$/);
  expect(one?.boot).not.toBe(other?.boot);
  expect(new Set(Object.values(one ?? {})).size).toBe(10);
});

test("the owner of a state directory is that of the directory, if there is one", () => {
  expect(stateOwner("/proc/self/task")).toBe(process.getuid?.());
  expect(stateOwner("/dev/null/state")).toBeUndefined();
});
