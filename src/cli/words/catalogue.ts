// Messages for administrators in English and Korean. Log lines, JSON and what knockd 0.8 prints stay English.

/** The languages of messages. */
export type MessageLanguage = "en" | "ko";

/** Returns the language that the environment asks for, as POSIX orders its variables. */
export function messageLanguage(
  env: Readonly<Record<string, string | undefined>> = process.env,
): MessageLanguage {
  const locale = [env["LC_ALL"], env["LC_MESSAGES"], env["LANG"]].find(
    (value) => value !== undefined && value !== "",
  );
  // What is printed is UTF-8.
  return /^ko(?:_\w+)?(?:\.utf-?8)?(?:@.*)?$/i.test(locale ?? "") ? "ko" : "en";
}

/** Every catalogue, for the test that each message has both languages. */
export const catalogues: { readonly en: object; readonly ko: object }[] = [];

/** Returns a function that returns the messages in the language of the moment. */
export function catalogue<Messages extends object>(
  en: Messages,
  ko: NoInfer<Messages>,
): () => Messages {
  catalogues.push({ en, ko });
  return () => (messageLanguage() === "ko" ? ko : en);
}
