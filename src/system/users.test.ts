import { expect, test, vi } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { settled } from "../../test/support/slow-firewall.ts";
import { makeUser } from "../../test/support/users.ts";
import type { User } from "./users.ts";
import { findInPasswd, Users } from "./users.ts";

/** A directory that knows one user, under the number of the questions so far. */
function directory() {
  let asked = 0;
  return vi.fn(async (name: string): Promise<User> => {
    if (name !== "anna") throw new Error(`no user ${name}`);
    return makeUser(name, ++asked, 100);
  });
}

test("a user is asked for once, also by two who ask together", async () => {
  const ask = directory();
  const users = new Users(new ManualClock(), ask);
  expect(await Promise.all([users.find("anna"), users.find("anna")])).toMatchObject([
    { uid: 1, gid: 100 },
    { uid: 1, gid: 100 },
  ]);
  expect(await users.find("anna")).toMatchObject({ uid: 1, gid: 100 });
  expect(ask).toHaveBeenCalledTimes(1);
});

test("those of the configuration are asked for before anybody knocks, and anew at each reload", async () => {
  const ask = directory();
  const users = new Users(new ManualClock(), ask);
  users.expect(["anna", "bert", "anna"]);
  expect(ask.mock.calls).toEqual([["anna"], ["bert"]]);
  expect(await users.find("anna")).toMatchObject({ uid: 1, gid: 100 });
  users.expect(["anna"]);
  await expect.poll(async () => await users.find("anna")).toMatchObject({ uid: 2, gid: 100 });
  expect(ask).toHaveBeenCalledTimes(3);
});

test("what was known counts as long as nobody answers, and no longer than the name is wanted", async () => {
  let isAway = false;
  const users = new Users(new ManualClock(), async () => {
    if (isAway) throw new Error("away");
    return makeUser("anna", 1, 100);
  });
  users.expect(["anna"]);
  await users.find("anna");
  isAway = true;
  for (let reload = 0; reload < 3; reload++) {
    users.expect(["anna"]);
    await settled();
    expect(await users.find("anna")).toMatchObject({ uid: 1, gid: 100 });
  }
  users.expect([]);
  await expect(users.find("anna")).rejects.toThrow("away");
});

test("a failure is remembered for half a minute", async () => {
  const ask = directory();
  const clock = new ManualClock();
  const users = new Users(clock, ask);
  await expect(users.find("bert")).rejects.toThrow("no user bert");
  clock.advance(29_999);
  await expect(users.find("bert")).rejects.toThrow("no user bert");
  expect(ask).toHaveBeenCalledTimes(1);
  clock.advance(1);
  await expect(users.find("bert")).rejects.toThrow("no user bert");
  expect(ask).toHaveBeenCalledTimes(2);
});

test("this system is asked", async () => {
  const users = new Users(new ManualClock());
  const root = await users.find("root");
  expect(root).toMatchObject({ name: "root", uid: 0, gid: 0, home: "/root" });
  expect(root.groups).toContain(0);
  // A number is no name, but id(1) takes it for a user.
  expect(await users.find("0")).toMatchObject({ uid: 0, gid: 0 });
  await expect(users.find("nobody-at-all")).rejects.toMatchObject({
    code: "SYSTEM",
    message: expect.stringMatching(/^cannot find the user "nobody-at-all": .*no such user/),
  });
});

test.each<[string, ReturnType<typeof findInPasswd>]>([
  ["root", { name: "root", uid: 0, gid: 0, home: "/root", shell: "/bin/bash" }],
  ["bin.x", { name: "bin.x", uid: 2, gid: 3, home: "/", shell: "/bin/sh" }],
  ["binxx", undefined],
  ["bin", undefined],
  ["odd", undefined],
  ["short", undefined],
])("passwd(5) says of %s %o", (name, entry) => {
  const text =
    "root:x:0:0:root:/root:/bin/bash\nodd:x:y:z::/:\nbin.x:*:2:3:::\n+bin\nshort:x:1:1\n";
  expect(findInPasswd(text, name)).toEqual(entry);
});
