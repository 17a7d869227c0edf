// A recording of terminals as a picture for the README: SVG, animated by CSS alone, light and dark.

/** What a terminal showed from a time on. */
export interface CastFrame {
  /** Milliseconds from the start of the recording. */
  readonly at: number;
  /** By the name of the terminal. */
  readonly screens: ReadonlyMap<string, readonly string[]>;
}

export interface CastPane {
  readonly name: string;
  readonly columns: number;
  readonly rows: number;
  /** Columns and rows from the left and the top. */
  readonly left: number;
  readonly top: number;
}

const cell = { width: 7.25, height: 15 };
const margin = 10;
/** A pause is shown for so many milliseconds at most, and the last frame for as long as `rest`. */
const longest = 1_600;
const rest = 6_000;

/** Returns the recording as SVG. A renderer without animation, and a still, show the last frame. */
export function renderScreencast(panes: readonly CastPane[], frames: readonly CastFrame[]): string {
  const shown = panes.map((pane) => ({ pane, changes: changesOf(pane, frames) }));
  const times = timeline(frames.map(({ at }) => at));
  const total = (times.at(-1) ?? 0) + rest;
  const percent = (index: number) => Number((((times[index] ?? 0) / total) * 100).toFixed(2));
  const rules: string[] = [];
  const stills: string[] = [];
  const drawn = shown.map(({ pane, changes }, p) => {
    const groups = changes.map(({ index, lines }, c) => {
      const next = changes[c + 1];
      const name = `p${p}f${c}`;
      const from = percent(index);
      const until = next === undefined ? 100 : percent(next.index);
      const last = next === undefined ? 1 : 0;
      const steps = [
        ...(from === 0 ? [] : ["0%{opacity:0}"]),
        `${from}%{opacity:1}`,
        ...(next === undefined ? [] : [`${until}%{opacity:0}`]),
        `100%{opacity:${last}}`,
      ];
      stills.push(`#${name}{opacity:${last}}`);
      rules.push(
        `@keyframes ${name}{${steps.join("")}}`,
        `#${name}{animation:${name} ${total}ms step-end infinite}`,
      );
      return `<g id="${name}">${linesOf(pane, lines)}</g>`;
    });
    return frameOf(pane) + groups.join("\n");
  });
  const width = Math.max(...panes.map(({ left, columns }) => x(left + columns))) + 2 * margin;
  const height = Math.max(...panes.map(({ top, rows }) => y(top + rows))) + 2 * margin;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Math.ceil(width)} ${Math.ceil(height)}" role="img">
<title>knockctl init on a server, knock and ssh on a client, a time-out elsewhere</title>
<style>
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre;fill:#1f2328}
rect{fill:#f6f8fa;stroke:#d1d9e0}
.t{font-weight:bold}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}rect{fill:#151b23;stroke:#3d444d}}
${stills.join("")}
@media (prefers-reduced-motion:no-preference){
${rules.join("\n")}
}
</style>
${drawn.join("\n")}
</svg>
`;
}

/** Returns the lines of text in a picture, frame by frame. */
export function textOf(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text = ""]) =>
    text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"),
  );
}

function x(columns: number): number {
  return margin + columns * cell.width;
}

function y(rows: number): number {
  return margin + rows * cell.height;
}

/** Shortens pauses. */
function timeline(times: readonly number[]): number[] {
  let now = 0;
  return times.map((time, i) => {
    now += Math.min(longest, time - (times[i - 1] ?? time));
    return Math.round(now);
  });
}

/** The frames in which a terminal shows something new. */
function changesOf(pane: CastPane, frames: readonly CastFrame[]) {
  const changes: { readonly index: number; readonly lines: readonly string[] }[] = [];
  frames.forEach(({ screens }, index) => {
    const lines = screens.get(pane.name) ?? [];
    if (changes.at(-1)?.lines.join("\n") !== lines.join("\n")) changes.push({ index, lines });
  });
  return changes;
}

function frameOf({ left, top, columns, rows }: CastPane): string {
  const [width, height] = [columns * cell.width + margin, rows * cell.height + margin];
  return `<rect x="${x(left) - margin / 2}" y="${y(top) - margin / 2}" width="${width}" height="${height}" rx="6"/>\n`;
}

function linesOf({ left, top }: CastPane, lines: readonly string[]): string {
  return lines
    .map((line, row) => {
      if (line === "") return "";
      const text = line.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
      const typed = /^[\w-]+\$ \S/.test(line) ? ' class="t"' : "";
      return `<text${typed} x="${x(left)}" y="${y(top + row) + 12}">${text}</text>`;
    })
    .join("");
}
