import { describe, expect, test } from "vitest";
import { kernelDoor } from "../../../test/support/kernel-door.ts";
import { parseNetwork } from "../../base/address.ts";
import type { KernelDoor } from "./kernel-doors.ts";
import { selectDoors } from "./kernel-doors.ts";

const select = (doors: readonly KernelDoor[], interfaces?: readonly string[]) =>
  selectDoors({ doors, interfaces, onlyIpv4: false }).map((one) => (one.opens ? "" : one.why));

test("the kernel opens a native door with a fixed sequence", () => {
  expect(select([kernelDoor("a", "7000"), kernelDoor("b", "7001,7002:udp,7002")])).toEqual([
    "",
    "",
  ]);
});

describe("the kernel does not open", () => {
  const target = parseNetwork("10.0.0.0/8");
  const short = { services: [], families: [], openFor: 99 };

  test.each([
    ["it runs commands", "7000,7001", { opening: undefined }],
    ["it ends at a date", "7000,7001", { obstacle: "it ends at a date" }],
    ["it is disabled", "", {}],
    ["it has a Target", "7000,7001", { target: target && [target] }],
    ["its sequence has a port twice", "7000,7001,7000", {}],
    ["its Seq_Timeout is shorter than 100 ms", "7000,7001", { timeout: 0 }],
    ["its Open_For is shorter than 100 ms", "7000,7001", { opening: short }],
  ] as const)("a door because %s", (why, sequence, more) => {
    expect(select([kernelDoor("a", sequence, more)])).toEqual([why]);
  });

  test("the second of two doors with a port", () => {
    const doors = [
      kernelDoor("a", "7000,7001"),
      kernelDoor("b", "7002,7001"),
      kernelDoor("c", "7002,7003"),
    ];
    expect(select(doors)).toEqual(["", "door a has a port of its sequence, too", ""]);
  });

  test("a door that shares a port with one that sees other packets", () => {
    const why = "door b has a port of its sequence, too";
    const a = kernelDoor("a", "7000,7001");
    const others: Partial<KernelDoor>[] = [
      { flags: { mask: 0, value: 0 } },
      { target: [], flags: a.flags },
    ];
    for (const more of others) {
      const b = kernelDoor("b", "7001,7002", { opening: undefined, ...more });
      expect(select([a, b])).toEqual([why, "it runs commands"]);
    }
    expect(select([a, kernelDoor("b", "7001,7002", { opening: undefined })])[0]).toBe("");
  });

  test("any door where an interface has a name that nft would read otherwise", () => {
    const why = "an interface has a name that nft does not take";
    for (const name of ["eth*", 'e"', "e\\", "e$"]) {
      expect(select([kernelDoor("a", "7000")], ["eth0", name])).toEqual([why]);
    }
    expect(select([kernelDoor("a", "7000")], ["eth0", "br-1.5@x:y"])).toEqual([""]);
  });
});
