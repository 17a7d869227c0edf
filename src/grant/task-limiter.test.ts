import { describe, expect, test } from "vitest";
import { TaskLimiter } from "./task-limiter.ts";

/** Tasks that end when the test says so. */
function makeTasks() {
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const task = (name: string) => () => {
    started.push(name);
    return new Promise<void>((resolve) => ends.set(name, resolve));
  };
  const end = async (name: string) => {
    ends.get(name)?.();
    await settled();
  };
  return { started, task, end };
}

/** Resolves when all promises that were ready have had their say. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("two slots", () => {
  test("run two tasks at once, and the next when one has ended, in order", async () => {
    const slots = new TaskLimiter(2, 10);
    const { started, task, end } = makeTasks();
    const fates = ["a", "b", "c", "d"].map((name) => slots.run(name, task(name)));
    expect(started).toEqual(["a", "b"]);
    expect(slots.size).toBe(4);
    await end("b");
    expect(started).toEqual(["a", "b", "c"]);
    await end("a");
    await end("c");
    expect(started).toEqual(["a", "b", "c", "d"]);
    await end("d");
    expect(slots.size).toBe(0);
    expect(await Promise.all(fates)).toEqual(["ended", "ended", "ended", "ended"]);
  });

  test("let one task of a key wait: the newest, in the place of the older", async () => {
    const slots = new TaskLimiter(1, 10);
    const { started, task, end } = makeTasks();
    const fates = [
      slots.run("k", task("running")),
      slots.run("k", task("older")),
      slots.run("l", task("other")),
      slots.run("k", task("newer")),
    ];
    expect(slots.size).toBe(3);
    await end("running");
    await end("newer");
    await end("other");
    expect(started).toEqual(["running", "newer", "other"]);
    expect(await Promise.all(fates)).toEqual(["ended", "replaced", "ended", "ended"]);
  });

  test("run all that wait at once when there is no time to wait", async () => {
    const slots = new TaskLimiter(1, 10);
    const { started, task, end } = makeTasks();
    const fates = ["a", "b", "c"].map((name) => slots.run(name, task(name)));
    slots.runAllNow();
    expect(started).toEqual(["a", "b", "c"]);
    for (const name of started) await end(name);
    expect(await Promise.all(fates)).toEqual(["ended", "ended", "ended"]);
    await slots.idle();
  });

  test("refuse what is too much, but never a newer task of a key that waits", async () => {
    const slots = new TaskLimiter(1, 1);
    const { started, task, end } = makeTasks();
    const fates = [
      slots.run("a", task("a")),
      slots.run("b", task("b")),
      slots.run("c", task("c")),
      slots.run("b", task("b2")),
    ];
    await end("a");
    await end("b2");
    expect(await Promise.all(fates)).toEqual(["ended", "replaced", "refused", "ended"]);
    expect(started).toEqual(["a", "b2"]);
    expect(slots.size).toBe(0);
  });

  test("are idle when nothing runs or waits, also if a task starts another", async () => {
    const slots = new TaskLimiter(1, 10);
    const { started, task, end } = makeTasks();
    await slots.idle();
    const fates = [slots.run("a", task("a")), slots.run("b", task("b"))];
    let idle = false;
    const whenIdle = slots.idle().then(() => {
      idle = true;
    });
    await end("a");
    expect(idle).toBe(false);
    await end("b");
    await whenIdle;
    expect(started).toEqual(["a", "b"]);
    expect(await Promise.all(fates)).toEqual(["ended", "ended"]);
  });
});
