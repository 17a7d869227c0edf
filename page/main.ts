// The page shows the door that its address names after the #, the doors that it has keys for, or a form.
import { badPorts } from "../src/invitation/bad-ports.ts";
import type { PageProfile } from "../src/invitation/profile.ts";
import { decodeProfile, encodeProfile } from "../src/invitation/profile.ts";
import { DoorView } from "./door.ts";
import { element } from "./element.ts";
import { LinkEnrolment } from "./enrolment.ts";
import { Form } from "./form.ts";
import { allowInstallation, offerShortcut } from "./home-screen.ts";
import { KeyStore } from "./key-store.ts";
import { KeyView } from "./key-view.ts";
import type { PageWord } from "./words.ts";
import { choose, say } from "./words.ts";

type View = "door" | "form" | "keys";

const language = choose(navigator.languages);
const door = new DoorView(language);
const form = new Form(language, { onSave: save, onKey: enrol, onCancel: () => void cancel() });
let keys: Promise<{ readonly store: KeyStore; readonly view: KeyView }> | undefined;

/** The doors by key. Their store is opened when it is needed: pages for sequences do without. */
function openKeys(): NonNullable<typeof keys> {
  keys ??= KeyStore.open().then((store) => ({
    store,
    view: new KeyView(
      language,
      store,
      () => void add(),
      () => void show(false),
    ),
  }));
  return keys;
}

async function show(editing: boolean): Promise<void> {
  if (LinkEnrolment.isIn(location.hash)) return await enrol(location.hash);
  const found = location.hash.length > 1 ? decodeProfile(location.hash) : undefined;
  const damaged = location.hash.length > 1 && (found === undefined || typeof found === "string");
  const profile = typeof found === "string" ? undefined : found;
  element("damaged").textContent = damaged ? say(language, "wrongLink") : "";
  if (profile === undefined && !damaged && !editing && (await showKeys())) return;
  const edits = editing || profile === undefined;
  reveal(edits ? "form" : "door");
  if (edits) {
    element("title").textContent = say(language, "title");
    form.show(profile, profile !== undefined);
  } else door.show(profile);
  document.title = profile?.name || profile?.host || say(language, "title");
}

/** Shows the doors by key. Returns whether there are any. */
async function showKeys(id?: number): Promise<boolean> {
  const opened = await openKeys().catch(() => undefined);
  if (opened === undefined || !(await opened.view.show(id))) return false;
  reveal("keys");
  allowInstallation(say(language, "title"));
  return true;
}

/** Takes the key of a link, and its secret out of the address. */
async function enrol(link: string): Promise<void> {
  const enrolment = new LinkEnrolment(language, link);
  const opened = await openKeys().catch(() => undefined);
  const result = await enrolment.run(opened?.store);
  if (result.kind === "refused") {
    reveal("form");
    element("title").textContent = say(language, "title");
    form.show(undefined, false);
    element("damaged").textContent = say(language, result.why);
    return;
  }
  const wasTyping = document.activeElement === element("invitation");
  await showKeys(result.id);
  (await openKeys()).view.tell(...result.words);
  if (wasTyping) element("open").focus();
}

/** Shows the form beside doors by key. */
async function add(): Promise<void> {
  await show(true);
  element("cancel").hidden = false;
  element("invitation").focus();
}

async function cancel(): Promise<void> {
  await show(false);
  element(element("door").hidden ? "open" : "change").focus();
}

function save(profile: PageProfile): void {
  // Not `location.hash`: the history should not keep every draft of a secret.
  history.replaceState(null, "", `#${encodeProfile(profile)}`);
  void show(false);
  element("status").textContent = say(language, "saved");
  // The one is hidden where no browser could knock.
  const knock = element("knock");
  (knock.hidden ? element("change") : knock).focus();
}

function reveal(view: View): void {
  document.body.dataset["view"] = view;
  for (const one of ["door", "form", "keys"] as const) element(one).hidden = one !== view;
  for (const text of document.querySelectorAll<HTMLElement>("details [data-of]")) {
    text.hidden = (text.dataset["of"] === "keys") !== (view === "keys");
  }
}

document.documentElement.lang = language;
for (const node of document.querySelectorAll<HTMLElement>("[data-word]")) {
  node.textContent = say(language, node.dataset["word"] as PageWord, {
    badPorts: [...badPorts].join(", "),
  });
}
element("change").addEventListener("click", () => {
  if (door.busy) return;
  void show(true);
  element("host").focus();
});
offerShortcut();
addEventListener("hashchange", () => void show(false));
void show(false);
