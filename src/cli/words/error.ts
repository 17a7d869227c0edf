import type { KnockError } from "../../base/errors.ts";
import { catalogue } from "./catalogue.ts";
import type { Localizer } from "./localize.ts";

/** What stands before an error and its hints. */
export const labelWords: () => LabelWords = catalogue<LabelWords>(
  { error: "error", hint: "hint", warning: "warning", usage: "usage" },
  { error: "오류", hint: "힌트", warning: "경고", usage: "사용법" },
);

export interface LabelWords {
  readonly error: string;
  readonly hint: string;
  readonly warning: string;
  readonly usage: string;
}

/** Returns the lines of an error and its hints. `isPlaced`: its lines begin with their file and line, as compilers do. */
export function formatError(
  program: string,
  { message, hints }: Pick<KnockError, "message" | "hints">,
  localize: Localizer,
  isPlaced = false,
): string {
  const words = labelWords();
  const error = isPlaced ? "" : `${program}: ${words.error}: `;
  const lines = [
    ...localize(message)
      .split("\n")
      .map((one) => `${error}${one}`),
    ...hints.map((hint) => `${program}: ${words.hint}: ${localize(hint)}`),
  ];
  return lines.map((one) => `${one}\n`).join("");
}
