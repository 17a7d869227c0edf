/** A secret that JSON, errors and logs do not show. */
export class SecretText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** Returns the secret, for a file of its owner and for cryptography alone. */
  reveal(): string {
    return this.#text;
  }
}

/**
 * Returns the text without what looks like a key, or like a part of one that was broken into several lines: for
 * messages that quote a file.
 */
export function hideKeys(text: string): string {
  return text.replace(/\b(key|lock)1:[^\s&'"]+/gi, "$11:…").replace(/[\w-]{20,}/g, "…");
}
