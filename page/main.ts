// The page shows the door that its address names after the #, or a form in which to name one.
import { badPorts } from "../src/invitation/bad-ports.ts";
import type { PageProfile } from "../src/invitation/profile.ts";
import { decodeProfile, encodeProfile } from "../src/invitation/profile.ts";
import { DoorView } from "./door.ts";
import { element } from "./element.ts";
import { Form } from "./form.ts";
import type { PageWord } from "./words.ts";
import { choose, say } from "./words.ts";

const language = choose(navigator.languages);
const door = new DoorView(language);
const form = new Form(language, save, () => show(false));

function show(editing: boolean): void {
  const found = location.hash.length > 1 ? decodeProfile(location.hash) : undefined;
  const damaged = location.hash.length > 1 && (found === undefined || typeof found === "string");
  const profile = typeof found === "string" ? undefined : found;
  const edits = editing || profile === undefined;
  element("door").hidden = edits;
  element("form").hidden = !edits;
  element("damaged").textContent = damaged ? say(language, "wrongLink") : "";
  if (edits) {
    element("title").textContent = say(language, "title");
    form.show(profile);
  } else door.show(profile);
  document.title = profile?.name || profile?.host || say(language, "title");
}

function save(profile: PageProfile): void {
  // Not `location.hash`: the history should not keep every draft of a secret.
  history.replaceState(null, "", `#${encodeProfile(profile)}`);
  show(false);
  element("status").textContent = say(language, "saved");
  // The one is hidden where no browser could knock.
  const knock = element("knock");
  (knock.hidden ? element("change") : knock).focus();
}

document.documentElement.lang = language;
for (const node of document.querySelectorAll<HTMLElement>("[data-word]")) {
  node.textContent = say(language, node.dataset["word"] as PageWord, {
    badPorts: [...badPorts].join(", "),
  });
}
element("change").addEventListener("click", () => {
  if (door.busy) return;
  show(true);
  element("host").focus();
});
element("cancel").addEventListener("click", () => element("change").focus());
addEventListener("hashchange", () => show(false));
show(false);
