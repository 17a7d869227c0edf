/**
 * Whether a list of patterns as in ssh_config(5) fits a name: `*` stands for any characters, `?` for
 * one, and a pattern after `!` that fits rules the name out. Letters count in any case.
 */
export function matches(patterns: readonly string[], name: string): boolean {
  const fits = (pattern: string) => toExpression(pattern).test(name);
  const excluded = patterns.some((pattern) => pattern.startsWith("!") && fits(pattern.slice(1)));
  return !excluded && patterns.some((pattern) => !pattern.startsWith("!") && fits(pattern));
}

/** Whether it is a name, and stands for itself alone. */
export function isExact(pattern: string): boolean {
  return !/[*?!]/.test(pattern);
}

function toExpression(pattern: string): RegExp {
  const source = pattern.replace(/[.*+?^${}()|[\]\\]/g, (character) => {
    if (character === "*") return ".*";
    return character === "?" ? "." : `\\${character}`;
  });
  return new RegExp(`^${source}$`, "is");
}
