/** Characters of what a store says that are worth reading. */
const longest = 300;

/** Returns what a store says, fit for logs and reports: it may be long, and quote the password that it was given. */
export function storeWords(text: string, password: string | undefined): string {
  const words = password === undefined ? text : text.replaceAll(password, "…");
  return words.length > longest ? `${words.slice(0, longest)}…` : words;
}
