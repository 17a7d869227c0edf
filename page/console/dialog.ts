// Questions and results in the one dialog of the page.
import { ConsoleError } from "./api.ts";
import { make } from "./dom.ts";
import type { ConsoleWord } from "./english.ts";
import type { ServerText } from "./server-text.ts";
import type { WordValues } from "./words.ts";

/** Says something in the language of the page. */
export type Say = (word: ConsoleWord, values?: WordValues) => string;

/** A field of a question. */
interface DialogField {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly value?: string;
  readonly isRequired?: boolean;
  readonly type?: "text" | "date" | "checkbox" | "url";
  /** What can be chosen: values and their texts. */
  readonly choices?: readonly (readonly [value: string, text: string])[];
}

/** The values of the fields, by name; a box that is not ticked has none. */
export type DialogValues = ReadonlyMap<string, string>;

export interface DialogQuestion {
  readonly title: string;
  readonly content?: readonly (Node | string)[];
  readonly fields?: readonly DialogField[];
  readonly confirm: string;
  /**
   * Does what was confirmed. While it throws ConsoleError, the dialog stays, with the reason. Returns what is to be
   * asked then; it is not asked if the question was cancelled meanwhile.
   */
  readonly onConfirm: (values: DialogValues) => Promise<DialogQuestion | undefined>;
}

export class PageDialog {
  readonly #dialog: HTMLDialogElement;
  readonly #say: Say;
  readonly #sayServer: (text: string) => ServerText;
  /** Shows what came of a question that was cancelled meanwhile. */
  readonly #report: (text: string) => void;
  /** Where the focus was. */
  #before: HTMLElement | undefined;

  constructor(
    dialog: HTMLDialogElement,
    say: Say,
    sayServer: (text: string) => ServerText,
    report: (text: string) => void,
  ) {
    this.#dialog = dialog;
    this.#say = say;
    this.#sayServer = sayServer;
    this.#report = report;
    dialog.addEventListener("close", () => {
      dialog.replaceChildren();
      this.#before?.focus();
    });
  }

  /** Asks, and does what is confirmed. */
  ask({ title, content = [], fields = [], confirm, onConfirm }: DialogQuestion): void {
    const failure = make("p", { class: "bad", role: "alert" });
    const yes = make("button", { type: "submit", class: "primary" }, confirm);
    const no = make("button", { type: "button" }, this.#say("cancel"));
    no.addEventListener("click", () => this.#dialog.close());
    const form = make(
      "form",
      { method: "dialog" },
      ...content,
      ...fields.map(drawField),
      failure,
      make("p", { class: "row" }, yes, no),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (yes.disabled) return;
      yes.disabled = true;
      failure.textContent = "";
      const values = new Map(
        [...new FormData(form)].flatMap(([name, value]) =>
          typeof value === "string" && value.trim() !== "" ? [[name, value.trim()] as const] : [],
        ),
      );
      // Not if it was cancelled, nor if its result is shown.
      const isShown = () => this.#dialog.contains(form);
      onConfirm(values)
        .then((next) => {
          if (!isShown()) return;
          if (next) this.ask(next);
          else this.#dialog.close();
        })
        .catch((error: unknown) => {
          if (!isShown()) return this.#report(this.describe(error));
          failure.textContent = this.describe(error);
          yes.disabled = false;
        });
    });
    this.#open(title, form);
  }

  /** Shows what came of something, until it is closed. */
  tell(title: string, content: readonly (Node | string)[]): void {
    const done = make("button", { type: "submit", class: "primary" }, this.#say("done"));
    this.#open(
      title,
      make("form", { method: "dialog" }, ...content, make("p", { class: "row" }, done)),
    );
  }

  /** Returns what to say of an error. */
  describe(error: unknown): string {
    if (!(error instanceof ConsoleError)) return this.#say("failedAction");
    const [message = "", ...hints] = [error.message, ...error.hints].map(
      (text) => this.#sayServer(text).text,
    );
    return [`${this.#say("failedAction")} ${message}`, ...hints].join(" — ");
  }

  #open(title: string, form: HTMLFormElement): void {
    const active = document.activeElement;
    const isOpen = this.#dialog.open;
    if (!isOpen) this.#before = active instanceof HTMLElement ? active : undefined;
    const heading = make("h2", { id: "dialog-title", tabindex: -1 }, title);
    this.#dialog.replaceChildren(heading, form);
    if (!isOpen) this.#dialog.showModal();
    const [first] = form.querySelectorAll<HTMLElement>("input, select");
    (first ?? heading).focus();
  }
}

function drawField(field: DialogField): HTMLElement {
  const { name, label, hint, value = "", isRequired = false, type = "text", choices } = field;
  const id = `field-${name}`;
  const hints = hint === undefined ? [] : [make("small", { id: `${id}-hint` }, hint)];
  const described = { "aria-describedby": hint === undefined ? undefined : `${id}-hint` };
  if (type === "checkbox") {
    const box = make("input", { id, name, type, value: "yes" });
    return make("label", { class: "box", for: id }, box, label);
  }
  const control =
    choices === undefined
      ? make("input", {
          ...{ id, name, type, value, required: isRequired, autocomplete: "off" },
          ...{ autocapitalize: "none", spellcheck: "false", ...described },
        })
      : make(
          "select",
          { id, name, ...described },
          ...choices.map(([one, text]) =>
            make("option", { value: one, selected: one === value }, text),
          ),
        );
  return make("div", { class: "field" }, make("label", { for: id }, label), control, ...hints);
}
