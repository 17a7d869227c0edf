import { reason } from "../../base/errors.ts";
import type { Service } from "../../base/service.ts";
import { formatService, uniqueServices } from "../../base/service.ts";
import type { StatusProblem } from "../../base/status-problem.ts";
import type { Firewalls } from "../firewalls.ts";
import type { Protection } from "./protection.ts";

/** The protection as the kernel has it. */
export interface ProtectionState {
  /** For good. */
  readonly services: readonly Service[];
  /** For so many milliseconds more. */
  readonly trial: Protection["trial"];
  /** What an administrator should look at. */
  readonly problems: readonly StatusProblem[];
}

/** Asks the kernel what it protects at this moment of what should be protected. */
export function inspectProtection(
  { services, trial, problems }: Pick<Protection, "services" | "trial" | "problems">,
  firewalls: Pick<Firewalls, "listProtected">,
): ProtectionState {
  let found: readonly Service[] = [];
  let why = "its rules are not in the kernel";
  try {
    found = firewalls.listProtected();
  } catch (error) {
    why = reason(error);
  }
  const names = new Set(found.map(formatService));
  const isThere = (service: Service) => names.has(formatService(service));
  const missing = uniqueServices([...services, ...(trial?.services ?? [])]).filter(
    (service) => !isThere(service),
  );
  return {
    services: services.filter(isThere),
    trial: trial && { ...trial, services: trial.services.filter(isThere) },
    problems: [
      ...missing.map((service) => {
        const message = `${formatService(service)} is not protected: ${why}`;
        return { code: "not-protected", message } as const;
      }),
      ...problems.map((message) => ({ code: "protection-not-stored", message }) as const),
    ],
  };
}
