// One question over the page: yes or no, or a line of text.
import { element } from "./element.ts";

export interface Question {
  readonly text: string;
  readonly yes: string;
  readonly no: string;
  /** A line to change; without it the answer is yes or no. */
  readonly line?: string;
}

/** Returns the line, `""` for a yes without a line, or `undefined` for a no. */
export function askUser({ text, yes, no, line }: Question): Promise<string | undefined> {
  const dialog = element<HTMLDialogElement>("question");
  const input = element<HTMLInputElement>("answer");
  element("asked").textContent = text;
  element("yes").textContent = yes;
  element("no").textContent = no;
  input.hidden = line === undefined;
  input.value = line ?? "";
  dialog.returnValue = "";
  dialog.showModal();
  if (line !== undefined) input.select();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => resolve(dialog.returnValue === "yes" ? input.value : undefined),
      { once: true },
    );
  });
}
