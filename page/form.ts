// The form in which a profile is made and changed.
import type { PageProfile, ProfileProblem } from "../src/invitation/profile.ts";
import { decodeProfile, readProfile } from "../src/invitation/profile.ts";
import { element } from "./element.ts";
import { LinkEnrolment } from "./enrolment.ts";
import type { Language, PageWord } from "./words.ts";
import { say } from "./words.ts";

type Field = "invitation" | "host" | "ports" | "service" | "name";

const complaints: Readonly<Record<Exclude<Field, "name">, PageWord>> = {
  invitation: "wrongInvitation",
  host: "wrongHost",
  ports: "wrongPorts",
  service: "wrongService",
};

/** What the form leads to. */
interface FormActions {
  readonly onSave: (profile: PageProfile) => void;
  /** A link with a key was pasted. */
  readonly onKey: (link: string) => Promise<void>;
  readonly onCancel: () => void;
}

export class Form {
  readonly #language: Language;
  /** What cannot be typed here, but is kept. */
  #pace: number | undefined;

  constructor(language: Language, { onSave, onKey, onCancel }: FormActions) {
    this.#language = language;
    element("form").addEventListener("submit", (event) => {
      event.preventDefault();
      const profile = this.#read();
      if (typeof profile === "string") this.#complain(profile === "pace" ? "ports" : profile);
      else onSave(profile);
    });
    element("invitation").addEventListener("input", () => this.#paste(onKey));
    element("cancel").addEventListener("click", onCancel);
  }

  /** Fills it in; without a profile it is empty. */
  show(profile: PageProfile | undefined, canCancel: boolean): void {
    this.#clear();
    field("invitation").value = "";
    this.#fill(profile);
    element("cancel").hidden = !canCancel;
  }

  #fill(profile: PageProfile | undefined): void {
    field("host").value = profile?.host ?? "";
    field("ports").value = profile?.ports.join(", ") ?? "";
    field("service").value = String(profile?.service ?? "");
    field("name").value = profile?.name ?? "";
    this.#pace = profile?.pace;
  }

  #paste(onKey: FormActions["onKey"]): void {
    this.#clear();
    const text = field("invitation").value;
    if (text.trim() === "") return;
    if (LinkEnrolment.isIn(text)) {
      field("invitation").value = "";
      void onKey(text);
      return;
    }
    const profile = decodeProfile(text);
    if (profile === undefined || typeof profile === "string") this.#complain("invitation");
    else this.#fill(profile);
  }

  #read(): PageProfile | ProfileProblem {
    const [name, host, ports, service] = (["name", "host", "ports", "service"] as const).map(
      (id) => field(id).value,
    );
    const pace = String(this.#pace ?? "");
    return readProfile({
      name: name ?? "",
      host: host ?? "",
      ports: ports ?? "",
      service: service ?? "",
      pace,
    });
  }

  #clear(): void {
    for (const id of Object.keys(complaints) as (keyof typeof complaints)[]) {
      field(id).removeAttribute("aria-invalid");
      element(`${id}-error`).textContent = "";
    }
  }

  #complain(id: keyof typeof complaints): void {
    this.#clear();
    field(id).setAttribute("aria-invalid", "true");
    element(`${id}-error`).textContent = say(this.#language, complaints[id]);
    field(id).focus();
  }
}

function field(id: Field): HTMLInputElement {
  return element<HTMLInputElement>(id);
}
