// What Sesame does differently from knockd 0.8 with one file.
import type { AnyRow } from "../directive.ts";
import { isNameOf } from "../directive.ts";
import { commandDirectives, doorDirectives, options as optionRows } from "../directives.ts";
import type { ConfigSection } from "../lines.ts";
import type { Note } from "./repair.ts";

const startRows = [commandDirectives.start, commandDirectives.start6];
const stopRows = [commandDirectives.stop, commandDirectives.stop6];
const timeouts = [doorDirectives.timeout, commandDirectives.closeAfter, commandDirectives.timeout];

/** Returns a note for each difference that matters for this file; `doors` are those of `sections` that are doors. */
export function differences(
  sections: readonly ConfigSection[],
  doors: readonly ConfigSection[],
): Note[] {
  const has = ({ directives }: ConfigSection, ...rows: readonly AnyRow[]) =>
    directives.some(({ key }) => isNameOf(key, ...rows));
  const options = sections.filter((section) => !doors.includes(section));
  const notes: Note[] = [];
  if (!options.some((section) => has(section, optionRows.interfaces))) {
    const line = options[0]?.line ?? 1;
    const text =
      "knockd listened on eth0, Sesame listens on all interfaces; Interface = eth0 keeps it so";
    notes.push({ line, text });
  }
  for (const section of doors) {
    const { name, line } = section;
    if (has(section, ...startRows) && has(section, ...stopRows)) {
      const text = `[${name}]: a knock while it is open makes it stay open longer, and it is closed once; knockd ran both commands again`;
      notes.push({ line, text });
    }
    for (const { key, value = "", line: at } of section.directives) {
      if (!isNameOf(key, ...timeouts) || !/^\d+\s*[a-z]/i.test(value)) continue;
      const text = `${key} = ${value}: the unit counts now; knockd read the number alone, as seconds`;
      notes.push({ line: at, text });
    }
  }
  return notes;
}
