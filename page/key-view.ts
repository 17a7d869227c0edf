// The doors by key: one large button for one of them, one line of state, and the list of all.
import { readName } from "../src/invitation/profile.ts";
import { element } from "./element.ts";
import type { KeyKnockOutcome } from "./key-knock.ts";
import { addressesOf, knockByKey } from "./key-knock.ts";
import type { KeyStore, StoredDoor } from "./key-store.ts";
import { askUser } from "./question.ts";
import { doorUrl } from "./request.ts";
import type { Language, PageWord } from "./words.ts";
import { say } from "./words.ts";

/** What the page says after a knock: a short line, and what to do. */
const outcomes: Readonly<Record<KeyKnockOutcome, readonly [PageWord, PageWord]>> = {
  answer: ["keyOpen", "keyAnswers"],
  end: ["keySent", "keyReacts"],
  silence: ["keyClosed", "keySilent"],
  blind: ["keySent", "keyBlind"],
  "nothing-sent": ["keyNothing", "keyNothingWhy"],
  "no-webrtc": ["keyNothing", "keyNoWebrtc"],
};

export class KeyView {
  readonly #language: Language;
  readonly #store: KeyStore;
  #doors: readonly StoredDoor[] = [];
  #shown: StoredDoor | undefined;
  #busy = false;

  constructor(language: Language, store: KeyStore, onAdd: () => void, onEmpty: () => void) {
    this.#language = language;
    this.#store = store;
    element("open").addEventListener("click", () => void this.#open());
    element("rename").addEventListener("click", () => void this.#rename());
    element("forget").addEventListener("click", () => void this.#forget(onEmpty));
    element("add").addEventListener("click", () => this.#busy || onAdd());
    setInterval(() => this.#tick(), 1000);
  }

  /** Shows a door, or the one used last. Returns whether there is one. */
  async show(id?: number): Promise<boolean> {
    this.#doors = await this.#store.list();
    const found = this.#doors.find((door) => door.id === id) ?? this.#doors[0];
    this.#shown = found;
    if (found === undefined) return false;
    element("title").textContent = found.name;
    document.title = found.name;
    element("key-where").textContent = whereOf(found);
    element("key-id").textContent = this.#say("keyId", { key: found.key.id });
    this.#tell("", "");
    this.#offer(isOpen(found) ? found : undefined);
    if (addressesOf(found).length === 0) this.#tell(this.#say("keyNoAddress"), "");
    this.#list();
    this.#tick();
    return true;
  }

  tell(short: PageWord, long: PageWord): void {
    this.#tell(this.#say(short), this.#say(long));
  }

  async #open(): Promise<void> {
    const door = this.#shown;
    if (door === undefined || this.#busy || addressesOf(door).length === 0) return;
    this.#setBusy(true);
    this.#tell(this.#say("keySending"), "");
    try {
      const end = await knockByKey(door);
      await this.#conclude(door, navigator.onLine || end !== "silence" ? end : "nothing-sent");
    } catch {
      this.tell("keyNothing", "keyNoWebrtc");
    } finally {
      this.#setBusy(false);
    }
  }

  async #conclude(door: StoredDoor, end: KeyKnockOutcome): Promise<void> {
    const now = Date.now();
    const isLikelyOpen = end === "answer" || end === "end" || end === "blind";
    const { openFor } = door;
    const { openUntil: _, ...rest } = door;
    const used = {
      ...rest,
      usedAt: now,
      ...(isLikelyOpen && openFor !== undefined && { openUntil: now + openFor * 1000 }),
    };
    await this.#store.put(used);
    await this.show(door.id);
    const [short, long] = outcomes[end];
    const port = String(door.wait ?? "");
    const hint = end === "blind" && door.wait === undefined ? "keyNoPort" : long;
    this.#tell(this.#say(short), this.#say(hint, { port }));
    this.#offer(isLikelyOpen ? used : undefined);
  }

  async #rename(): Promise<void> {
    const door = this.#shown;
    if (door === undefined || this.#busy) return;
    const [text, yes, no] = [this.#say("keyRename"), this.#say("save"), this.#say("cancel")];
    const name = readName((await askUser({ text, yes, no, line: door.name })) ?? "");
    if (name === "") return;
    await this.#store.put({ ...door, name });
    await this.show(door.id);
  }

  async #forget(onEmpty: () => void): Promise<void> {
    const door = this.#shown;
    if (door === undefined || this.#busy) return;
    const text = this.#say("keyForgetAsk", { name: door.name });
    const answer = await askUser({ text, yes: this.#say("keyForget"), no: this.#say("cancel") });
    if (answer === undefined) return;
    await this.#store.remove(door);
    if (!(await this.show())) onEmpty();
  }

  /** The rows of all doors, if there are several. */
  #list(): void {
    const rows = [...this.#doors].sort((a, b) => a.id - b.id).map((door) => this.#row(door));
    element("doors").replaceChildren(...rows);
    element("doors").hidden = rows.length < 2;
    element("doors").setAttribute("aria-label", this.#say("keyDoors"));
  }

  #row(door: StoredDoor): HTMLLIElement {
    const [item, button] = [document.createElement("li"), document.createElement("button")];
    const parts = ["strong", "small", "span"].map((tag) => document.createElement(tag));
    const [name, where, left] = parts;
    if (name) name.textContent = door.name;
    if (where) where.textContent = whereOf(door);
    if (left) left.dataset["until"] = String(door.openUntil ?? 0);
    button.type = "button";
    button.append(...parts);
    if (door.id === this.#shown?.id) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => {
      if (this.#busy) return;
      void this.show(door.id).then(() => element("open").focus());
    });
    item.append(button);
    return item;
  }

  #tick(): void {
    const { openUntil = 0, openFor = 1 } = this.#shown ?? {};
    const rest = openUntil - Date.now();
    element("time").hidden = rest <= 0;
    element("open").dataset["state"] = rest > 0 ? "open" : "closed";
    element("open-word").textContent = this.#say(rest > 0 ? "keyLonger" : "keyPress");
    element<HTMLProgressElement>("bar").value = Math.min(1, rest / (openFor * 1000));
    element("left").textContent = this.#left(rest);
    for (const cell of document.querySelectorAll<HTMLElement>("[data-until]")) {
      cell.textContent = this.#left(Number(cell.dataset["until"]) - Date.now());
    }
  }

  #left(milliseconds: number): string {
    return milliseconds <= 0 ? "" : this.#say("keyLeft", { time: clockText(milliseconds) });
  }

  #setBusy(busy: boolean): void {
    this.#busy = busy;
    // Not `disabled`: that would take the focus away from who uses the keyboard.
    for (const id of ["open", "rename", "forget", "add"]) {
      element(id).setAttribute("aria-disabled", String(busy));
    }
    element("open").classList.toggle("busy", busy);
  }

  #tell(short: string, long: string): void {
    element("key-state").textContent = short;
    element("key-hint").textContent = long;
  }

  /** The link to the service of a door that is open. */
  #offer(door: StoredDoor | undefined): void {
    const url = door === undefined ? undefined : doorUrl(door);
    const link = element("key-link");
    link.hidden = url === undefined;
    const anchor = link.firstElementChild as HTMLAnchorElement;
    anchor.href = url ?? "";
    anchor.textContent = url ?? "";
  }

  #say(word: PageWord, values?: Readonly<Record<string, string | number>>): string {
    return say(this.#language, word, values);
  }
}

function isOpen({ openUntil = 0 }: StoredDoor): boolean {
  return openUntil > Date.now();
}

function whereOf({ host, door }: StoredDoor): string {
  return `${host} · ${door}`;
}

/** `59:12`, or `1:59:12`. */
function clockText(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  const pad = (value: number) => String(value).padStart(2, "0");
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  const tail = pad(seconds % 60);
  return hours === 0 ? `${minutes}:${tail}` : `${hours}:${pad(minutes % 60)}:${tail}`;
}
