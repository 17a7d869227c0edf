import { expect, test } from "vitest";
import { isAmongUsers } from "./principals.ts";

const device = { name: "alice/laptop", groups: ["admins"] };

test.each(["alice", "alice/laptop", "@admins"])("%s means the device", (user) => {
  expect(isAmongUsers(["bob", user], device)).toBe(true);
});

test.each(["ali", "alice/lap", "alice/", "@admin", "admins", "laptop", "@alice", ""])(
  "%s does not",
  (user) => {
    expect(isAmongUsers([user], device)).toBe(false);
  },
);
