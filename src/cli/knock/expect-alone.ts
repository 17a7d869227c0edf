import { KnockError } from "../../base/errors.ts";
import type { KnockCommandLine, KnockOptionName } from "./command-line.ts";
import { options } from "./command-line.ts";

const companions: Readonly<Record<"import" | "request", readonly KnockOptionName[]>> = {
  import: ["import", "name", "file", "force", "quiet"],
  request: ["request", "file", "force", "quiet"],
};

/** Throws `USAGE` if an option that sends nothing has operands, or options for a knock, beside it. */
export function expectAlone(mode: keyof typeof companions, line: KnockCommandLine): void {
  const [operand] = [...line.operands, ...(line.rest ?? [])];
  if (operand !== undefined) throw usageError(`--${mode} leaves no room for '${operand}'`);
  const other = options.find(({ long }) => {
    const name = long as KnockOptionName;
    return line.has(name) && !companions[mode].includes(name);
  });
  if (other !== undefined) throw usageError(`--${mode} does not go together with --${other.long}`);
}

function usageError(message: string): KnockError {
  return new KnockError("USAGE", message, { hints: ["--help says how it is used"] });
}
