import type { Io } from "./program.ts";

/** What shows standard output. */
export interface Screen {
  /** Its width: Infinity if it is not a terminal. */
  readonly columns: number;
  readonly hasColors: boolean;
}

export type Color = "green" | "red" | "yellow" | "dim" | "bold";

export const colorChoices = ["auto", "always", "never"] as const;

export type ColorChoice = (typeof colorChoices)[number];

/** A file or a pipe: texts are neither shortened nor coloured. */
export const plainScreen: Screen = { columns: Number.POSITIVE_INFINITY, hasColors: false };

/** Returns the screen of a program. `auto` gives colours to a terminal, unless NO_COLOR is set or it is `dumb`. */
export function screenOf(
  { terminal }: Pick<Io, "terminal">,
  colors: ColorChoice,
  environment: NodeJS.ProcessEnv,
): Screen {
  const isWanted = !environment["NO_COLOR"] && environment["TERM"] !== "dumb";
  const hasColors =
    colors === "always" || (colors === "auto" && terminal !== undefined && isWanted);
  return { columns: terminal?.columns ?? plainScreen.columns, hasColors };
}

/** ECMA-48 §8.3.117, select graphic rendition. */
const codes: Readonly<Record<Color, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 };

/** Returns a text in a colour, if the screen has colours. */
export function paint({ hasColors }: Screen, color: Color | undefined, text: string): string {
  if (!hasColors || color === undefined || text === "") return text;
  return `\u001b[${codes[color]}m${text}\u001b[0m`;
}
