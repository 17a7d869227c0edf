import { expect, test } from "vitest";
import { KnockError } from "../../base/errors.ts";
import type { Service } from "../../base/service.ts";
import { inspectProtection } from "./inspect.ts";

const ssh: Service = { protocol: "tcp", port: 22 };
const web: Service = { protocol: "tcp", port: 80 };
const icmp: Service = { protocol: "icmp" };
const wanted = {
  services: [ssh, icmp],
  trial: { services: [web], remainingMs: 5000 },
  problems: ["the disk is full"],
};
const notStored = { code: "protection-not-stored", message: "the disk is full" };

test("what the kernel protects is told as that, and what it does not is a problem", () => {
  const state = inspectProtection(wanted, { listProtected: () => [icmp, ssh, web] });
  expect(state).toEqual({ ...wanted, problems: [notStored] });
  const missing = inspectProtection(wanted, { listProtected: () => [icmp] });
  expect(missing).toEqual({
    services: [icmp],
    trial: { services: [], remainingMs: 5000 },
    problems: [
      {
        code: "not-protected",
        message: "tcp/22 is not protected: its rules are not in the kernel",
      },
      {
        code: "not-protected",
        message: "tcp/80 is not protected: its rules are not in the kernel",
      },
      notStored,
    ],
  });
});

test("a kernel that does not answer protects nothing as far as the status says", () => {
  const listProtected = () => {
    throw new KnockError("FIREWALL", "nf_tables did not answer");
  };
  const state = inspectProtection({ ...wanted, trial: undefined }, { listProtected });
  expect(state.services).toEqual([]);
  expect(state.problems[0]?.message).toBe("tcp/22 is not protected: nf_tables did not answer");
});
