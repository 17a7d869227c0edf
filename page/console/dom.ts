// Elements of the page. Text is set as text alone: names of doors and lines of the log may be anything.

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** Makes an element. An attribute that is false or undefined is left out. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...content: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false)
      node.setAttribute(name, value === true ? "" : `${value}`);
  }
  node.append(...content);
  return node;
}

const svgNamespace = "http://www.w3.org/2000/svg";

/** Makes an element of a picture. */
export function makeSvg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes,
  ...content: readonly (Node | string)[]
): SVGElementTagNameMap[K] {
  const node = document.createElementNS(svgNamespace, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, `${value}`);
  node.append(...content);
  return node;
}

/** Makes a button that does something. */
export function makeButton(
  text: string,
  onPress: () => void,
  attributes: Attributes = {},
): HTMLButtonElement {
  const button = make("button", { type: "button", ...attributes }, text);
  button.addEventListener("click", onPress);
  return button;
}

/** Sets the text of an element, if it is another. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** A row of a list, which shows one item after the other. */
export interface ListRow<T> {
  readonly node: HTMLElement;
  readonly show: (item: T) => void;
}

/** Rows under each other, each with a key: a row stays what it is, with its focus, while its item changes. */
export class KeyedList<T> {
  readonly #list: HTMLElement;
  readonly #makeRow: () => ListRow<T>;
  #rows = new Map<string, ListRow<T>>();

  constructor(list: HTMLElement, makeRow: () => ListRow<T>) {
    this.#list = list;
    this.#makeRow = makeRow;
  }

  /** Shows these items, in this order. */
  show(items: readonly (readonly [key: string, item: T])[]): void {
    const rows = new Map<string, ListRow<T>>();
    for (const [key, item] of items) {
      const row = this.#rows.get(key) ?? this.#makeRow();
      this.#rows.delete(key);
      row.show(item);
      rows.set(key, row);
    }
    for (const { node } of this.#rows.values()) node.remove();
    this.#rows = rows;
    let next = this.#list.firstChild;
    for (const { node } of rows.values()) {
      if (node === next) next = next.nextSibling;
      else this.#list.insertBefore(node, next);
    }
  }
}
