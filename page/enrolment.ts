// A link with a key: the key goes into the browser's store, and the secret out of the address.
import type { KnockLink } from "../src/knock/link.ts";
import { parseLink } from "../src/knock/link.ts";
import type { BrowserKey, KeyProblem } from "./device-key.ts";
import { readDeviceKey } from "./device-key.ts";
import type { KeyStore, StoredDoor } from "./key-store.ts";
import { askUser } from "./question.ts";
import type { Language, PageWord } from "./words.ts";
import { say } from "./words.ts";

type Enrolled =
  | { readonly kind: "stored"; readonly id: number; readonly words: readonly [PageWord, PageWord] }
  | { readonly kind: "refused"; readonly why: PageWord };

const problems: Readonly<Record<KeyProblem, PageWord>> = {
  damaged: "wrongLink",
  insecure: "keyInsecure",
  old: "keyOld",
};

export class LinkEnrolment {
  readonly #language: Language;
  readonly #link: string;

  /** Whether a link, or a fragment, has a key, good or not. */
  static isIn(text: string): boolean {
    return new URLSearchParams(text.trim().replace(/^[^#]*#/, "")).has("key");
  }

  constructor(language: Language, link: string) {
    this.#language = language;
    this.#link = link;
  }

  /** Without a store, the browser keeps nothing. */
  async run(store: KeyStore | undefined): Promise<Enrolled> {
    const parsed = parseLink(this.#link);
    if (typeof parsed === "string") {
      forget();
      return { kind: "refused", why: "wrongLink" };
    }
    const { key: text = "", ...link } = parsed;
    const key = await readDeviceKey(text);
    // Another browser can still use the link: the address keeps it.
    if (key === "insecure" || key === "old") return { kind: "refused", why: problems[key] };
    if (key !== "damaged" && store === undefined) return { kind: "refused", why: "keyUnkept" };
    forget();
    if (key === "damaged" || store === undefined) return { kind: "refused", why: "wrongLink" };
    return await this.#store(store, link, key);
  }

  async #store(store: KeyStore, link: Omit<KnockLink, "key">, key: BrowserKey): Promise<Enrolled> {
    const doors = await store.list();
    const known = doors.find(({ host, door }) => host === link.host && door === link.door);
    const isRenewed = known !== undefined && known.key.id !== key.id;
    if (isRenewed && !(await this.#confirm(known))) {
      return { kind: "stored", id: known.id, words: ["keyKept", "keyKeptWhy"] };
    }
    const id = known?.id ?? Math.max(0, ...doors.map((one) => one.id)) + 1;
    const name = known?.name ?? freeName(link.name, doors);
    await store.put({ ...link, id, name, key, usedAt: Date.now() });
    return { kind: "stored", id, words: [isRenewed ? "keyRenewed" : "keySaved", "keySavedWhy"] };
  }

  async #confirm({ name }: StoredDoor): Promise<boolean> {
    const text = say(this.#language, "keyRenewAsk", { name });
    const yes = say(this.#language, "keyRenew");
    const no = say(this.#language, "cancel");
    return (await askUser({ text, yes, no })) !== undefined;
  }
}

/** Links have the name "home" unless the administrator chose one: two of them should differ. */
function freeName(name: string, doors: readonly StoredDoor[]): string {
  const isTaken = (wanted: string) => doors.some((one) => one.name === wanted);
  if (!isTaken(name)) return name;
  let number = 2;
  while (isTaken(`${name} ${number}`)) number++;
  return `${name} ${number}`;
}

/** Takes the secret out of the address, and so out of bookmarks and this tab's history. */
function forget(): void {
  if (LinkEnrolment.isIn(location.hash)) {
    history.replaceState(null, "", location.pathname + location.search);
  }
}
