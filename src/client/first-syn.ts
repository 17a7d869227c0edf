/**
 * Milliseconds in which an answer must be to the first SYN. Systems send a second one after 1,000, and Windows
 * after 500 if the first was refused.
 */
export const firstSynTime: number = process.platform === "win32" ? 450 : 900;
