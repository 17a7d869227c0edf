/**
 * For so long an answer can only be to the first SYN: milliseconds. Every system sends a second one after 1,000
 * if nothing comes, and Windows after 500 also when the first was refused.
 */
export const firstSynTime: number = process.platform === "win32" ? 450 : 900;
