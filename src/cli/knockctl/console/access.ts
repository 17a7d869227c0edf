// Who may use the console: the holder of a one-time token gets a bearer, which each request then carries.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** 256 bits cannot be guessed. */
const secretLength = 32;

/** Tokens and bearers of a console. It remembers digests of bearers alone. */
export class ConsoleAccess {
  #token: Buffer | undefined;
  readonly #bearers: Buffer[] = [];

  /** Makes a token, which replaces one that is not used yet. */
  issueToken(): string {
    const token = randomBytes(secretLength).toString("base64url");
    this.#token = digest(token);
    return token;
  }

  /** Exchanges a token for a bearer, once. Returns undefined for any other text. */
  exchange(token: string): string | undefined {
    if (this.#token === undefined || !timingSafeEqual(this.#token, digest(token))) return undefined;
    this.#token = undefined;
    const bearer = randomBytes(secretLength).toString("base64url");
    this.#bearers.push(digest(bearer));
    return bearer;
  }

  /** Returns whether the value of a header `Authorization` has a bearer. */
  accepts(authorization: string | undefined): boolean {
    const [, bearer] = /^Bearer ([\w-]{1,100})$/.exec(authorization ?? "") ?? [];
    const given = digest(bearer ?? "");
    // Each is compared, and each in constant time.
    return this.#bearers.filter((known) => timingSafeEqual(known, given)).length > 0;
  }
}

/** Digests have one length, which timingSafeEqual needs. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
