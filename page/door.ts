// The door: a button, the progress of a knock, and what came of it.
import { isBadPort } from "../src/invitation/bad-ports.ts";
import type { PageProfile } from "../src/invitation/profile.ts";
import { element } from "./element.ts";
import type { ServiceSight } from "./knock.ts";
import { canKnock, knock, lookAfter, lookBefore } from "./knock.ts";
import { serviceUrl } from "./request.ts";
import type { Language, PageWord } from "./words.ts";
import { say } from "./words.ts";

type StepState = "waiting" | "sending" | "sent";

export class DoorView {
  readonly #language: Language;
  #profile: PageProfile | undefined;
  #busy = false;
  /** What the service did when it was last looked at. */
  #last: ServiceSight | undefined;

  constructor(language: Language) {
    this.#language = language;
    element("knock").addEventListener("click", () => void this.#knock());
  }

  /** A knock that is under way goes on to its end. */
  get busy(): boolean {
    return this.#busy;
  }

  show(profile: PageProfile): void {
    this.#profile = profile;
    this.#last = undefined;
    const { name, host, ports } = profile;
    element("title").textContent = name || host;
    element("where").textContent = name === "" ? "" : host;
    const bad = [...new Set(ports.filter(isBadPort))];
    element("warning").textContent =
      bad.length === 0 ? "" : this.#say("refused", { ports: bad.join(", ") });
    element("knock").textContent = this.#say("knock");
    element("knock").hidden = bad.length > 0;
    element("steps").replaceChildren();
    this.#tell("");
  }

  async #knock(): Promise<void> {
    const profile = this.#profile;
    if (profile === undefined || this.#busy) return;
    this.#setBusy(true);
    try {
      await this.#run(profile);
    } finally {
      this.#setBusy(false);
      element("knock").textContent = this.#say("again");
    }
  }

  async #run(profile: PageProfile): Promise<void> {
    const { host, ports, service } = profile;
    const count = ports.length;
    this.#mark(count, -1);
    if (!canKnock(profile)) return this.#tell(this.#say("tooMany"));
    // What is no step of any door does not disturb a knock. What was silent a moment ago is not asked
    // again: such requests are few (see request.ts).
    const before =
      service === undefined || this.#last === "silence" ? undefined : lookBefore(profile, service);
    if (count === 1) await before;
    await knock(profile, (index) => {
      this.#mark(count, index);
      this.#tell(this.#say("knocking", { number: index + 1, count }));
    });
    this.#mark(count, count);
    if (service === undefined) return this.#tell(this.#say("done"));
    if (isBadPort(service)) return this.#tell(this.#say("barred", { port: service }));
    this.#tell(this.#say("looking", { port: service }));
    const was = (await before) ?? "silence";
    const is = await lookAfter(host, service, was);
    this.#last = is;
    this.#tell(this.#say(judge(was, is), { port: service }));
    if (is === "answer") this.#offer(serviceUrl(host, service));
  }

  #setBusy(busy: boolean): void {
    this.#busy = busy;
    // Not `disabled`: that would take the focus away from who uses the keyboard.
    for (const id of ["knock", "change"]) element(id).setAttribute("aria-disabled", String(busy));
  }

  /** Shows the steps before this one as sent, and those behind it as waiting. */
  #mark(count: number, current: number): void {
    const list = element("steps");
    list.setAttribute("aria-label", this.#say("steps"));
    const items = Array.from({ length: count }, (_, i) => {
      const state: StepState = i < current ? "sent" : i === current ? "sending" : "waiting";
      const item = document.createElement("li");
      item.dataset["state"] = state;
      const [title, words] = [document.createElement("span"), document.createElement("span")];
      title.textContent = this.#say("step", { number: i + 1 });
      words.textContent = this.#say(state);
      item.append(title, words);
      return item;
    });
    list.replaceChildren(...items);
  }

  #tell(text: string): void {
    element("status").textContent = text;
    element("link").hidden = true;
  }

  #offer(url: string): void {
    const link = element("link");
    const anchor = link.firstElementChild as HTMLAnchorElement;
    anchor.href = url;
    anchor.textContent = this.#say("open", { link: url });
    link.hidden = false;
  }

  #say(word: PageWord, values?: Readonly<Record<string, string | number>>): string {
    return say(this.#language, word, values);
  }
}

/** What the service did before the knock and does after it, in words. */
function judge(was: ServiceSight, is: ServiceSight): PageWord {
  if (is === "answer") return was === "answer" ? "before" : "answers";
  if (is === "end") return was === "silence" ? "appeared" : "unsure";
  return navigator.onLine ? "silent" : "offline";
}
