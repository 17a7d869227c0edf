// One stanza of an access.conf: what of it doors and devices can say.
import { formatNetwork, parseNetwork } from "../../base/address.ts";
import type { PortService } from "../../base/port-service.ts";
import { formatPortService, parsePortService } from "../../base/port-service.ts";
import type { FwknopDigest } from "../../knock/fwknop-lock.ts";
import { longestFwknopHmacKey, longestFwknopKey, readFwknopKey } from "../../knock/fwknop-lock.ts";
import type { AccessLine, AccessNote, AccessStanza } from "./access-stanzas.ts";

/** What fwknopd does unless its file says otherwise: seconds. */
const usualTimeout = 30;
const usualLongest = 300;

/** A stanza that can be taken over. */
export interface ReadStanza {
  readonly at: AccessLine;
  readonly allow: readonly string[];
  /** `undefined`: the packet says it. */
  readonly services: readonly PortService[] | undefined;
  readonly key: Buffer;
  readonly hmacKey: Buffer;
  readonly hmac: FwknopDigest;
  /** Seconds. */
  readonly openFor: number;
  readonly longest: number;
  readonly expires: string | undefined;
  readonly user: string | undefined;
  readonly requireAddress: boolean;
}

/** Reads the lines of one stanza, and says which cannot be taken over. */
export class StanzaReader {
  readonly changes: AccessNote[] = [];
  readonly refused: AccessNote[] = [];
  readonly #stanza: AccessStanza;

  constructor(stanza: AccessStanza) {
    this.#stanza = stanza;
  }

  read(): ReadStanza | undefined {
    const { source, lines } = this.#stanza;
    for (const one of lines) this.#judge(one);
    const allow = this.#networks(source);
    const services = this.#services();
    const key = this.#key("KEY", longestFwknopKey);
    const hmacKey = this.#key("HMAC_KEY", longestFwknopHmacKey);
    const hmac = this.#find("HMAC_DIGEST_TYPE")?.value.toLowerCase() ?? "sha256";
    const openFor = this.#seconds("FW_ACCESS_TIMEOUT") ?? usualTimeout;
    const longest = Math.max(this.#seconds("MAX_FW_TIMEOUT") ?? usualLongest, openFor);
    const expires = this.#expires();
    const user = this.#find("REQUIRE_USERNAME")?.value;
    const requireAddress = isYes(this.#find("REQUIRE_SOURCE_ADDRESS"));
    if (key === undefined || hmacKey === undefined || this.refused.length > 0) return undefined;
    return {
      ...{ at: source, allow, services, key, hmacKey, hmac: hmac as FwknopDigest },
      ...{ openFor, longest, expires, user, requireAddress },
    };
  }

  #refuse(one: AccessLine, text: string): void {
    this.refused.push(noteOf(one, text));
  }

  /** Refuses a line that has no counterpart. */
  #judge(one: AccessLine): void {
    const { name, value } = one;
    const others = this.#stanza.lines.filter((line) => line.name === name);
    if (others[0] !== one) this.#refuse(one, `${name} stands twice in this stanza`);
    const reason = obstacleOf(one);
    if (reason === undefined) return;
    // The value of a misspelt name may be a key.
    this.#refuse(one, harmless.test(name) ? `${name} ${value}: ${reason}` : `${name}: ${reason}`);
  }

  #find(name: string): AccessLine | undefined {
    return this.#stanza.lines.find((one) => one.name === name);
  }

  /** None: any. */
  #networks(one: AccessLine): string[] {
    if (one.value.toUpperCase() === "ANY") return [];
    const names = one.value.split(/[\s,]+/).filter((name) => name !== "");
    const networks = names.map(parseNetwork);
    const wrong = networks.indexOf(undefined);
    if (wrong >= 0 || names.length === 0) {
      this.#refuse(one, `"${names[wrong] ?? ""}" is not a network`);
    }
    return networks.flatMap((network) => (network === undefined ? [] : [formatNetwork(network)]));
  }

  #services(): readonly PortService[] | undefined {
    const open = this.#find("OPEN_PORTS");
    const restrict = this.#find("RESTRICT_PORTS");
    const restricted = new Set(this.#ports(restrict).map(formatPortService));
    if (open === undefined) {
      // The door is then a comment, whose ports an administrator writes.
      if (restrict) this.changes.push(noteOf(restrict, "RESTRICT_PORTS: leave these out of open"));
      return undefined;
    }
    const left = this.#ports(open).filter((port) => !restricted.has(formatPortService(port)));
    if (left.length === 0) this.#refuse(open, "OPEN_PORTS leaves nothing to open");
    return left;
  }

  #ports(one: AccessLine | undefined): PortService[] {
    if (one === undefined) return [];
    const names = one.value.split(/[\s,]+/).filter((name) => name !== "");
    return names.flatMap((name) => {
      const port = parsePortService(name.toLowerCase());
      if (port === undefined) this.#refuse(one, `"${name}" is not tcp/PORT or udp/PORT`);
      return port ?? [];
    });
  }

  /** No note quotes a key. */
  #key(name: string, most: number): Buffer | undefined {
    const plain = this.#find(name);
    const encoded = this.#find(`${name}_BASE64`);
    const one = encoded ?? plain;
    if (one === undefined) {
      const what = name === "KEY" ? "there is no symmetric key" : "there is no HMAC key";
      this.#refuse(this.#stanza.source, `${what}: fwknop --key-gen makes both`);
      return undefined;
    }
    if (plain !== undefined && encoded !== undefined) {
      this.#refuse(one, `${name} and ${name}_BASE64 are both there`);
      return undefined;
    }
    if (/^_*CHANGEME_*$/.test(one.value)) {
      this.#refuse(one, `${one.name} is still the placeholder`);
      return undefined;
    }
    const text = encoded?.value ?? Buffer.from(one.value, "utf8").toString("base64");
    const bytes = readFwknopKey(text, most);
    if (bytes === undefined) {
      this.#refuse(one, `${one.name} is not 1 to ${most} bytes${encoded ? " in base64" : ""}`);
      return undefined;
    }
    if (plain !== undefined) {
      const risk = "a passphrase, which can be guessed from one recorded packet";
      const text = `${name} is ${risk}: knockctl user add NAME --fwknop makes random keys`;
      this.changes.push(noteOf(plain, text));
    }
    return Buffer.from(bytes);
  }

  #seconds(name: string): number | undefined {
    const one = this.#find(name);
    if (one === undefined) return undefined;
    const seconds = /^\d{1,9}$/.test(one.value) ? Number(one.value) : 0;
    if (seconds === 0) this.#refuse(one, `${name} is not a number of seconds above 0`);
    return seconds;
  }

  /** The last whole day. fwknop means the beginning of the day that it names. */
  #expires(): string | undefined {
    const [date, epoch] = [this.#find("ACCESS_EXPIRE"), this.#find("ACCESS_EXPIRE_EPOCH")];
    const one = date ?? epoch;
    if (one === undefined) return undefined;
    if (date !== undefined && epoch !== undefined) {
      this.#refuse(epoch, "ACCESS_EXPIRE and ACCESS_EXPIRE_EPOCH are both there");
      return undefined;
    }
    const [, month, day, year] = /^(\d\d?)\/(\d\d?)\/(\d{4})$/.exec(date?.value ?? "") ?? [];
    const end = date ? Date.UTC(Number(year), Number(month) - 1, Number(day)) : epochOf(one);
    const named = new Date(end);
    const isDay =
      date === undefined ||
      (named.getUTCMonth() === Number(month) - 1 && named.getUTCDate() === Number(day));
    if (!isDay || !Number.isFinite(end)) {
      this.#refuse(one, `${one.name} is not ${date ? "MM/DD/YYYY" : "a time in seconds"}`);
      return undefined;
    }
    const last = new Date(end - 86_400_000).toISOString().slice(0, "2027-03-31".length);
    this.changes.push(noteOf(one, `${one.name}: the last day is ${last}, in UTC`));
    return last;
  }
}

function epochOf({ value }: AccessLine): number {
  const seconds = /^\d{1,11}$/.test(value) ? Number(value) : Number.NaN;
  return Math.floor(seconds / 86_400) * 86_400_000;
}

/** The lines whose values a note may quote. */
const harmless =
  /^(?:DESTINATION|HMAC_DIGEST_TYPE|ENCRYPTION_MODE|REQUIRE_USERNAME|ENABLE_CMD_EXEC|ENABLE_CMD_SUDO_EXEC|FORCE_S?NAT|FORCE_MASQUERADE|FORWARD_ALL|DISABLE_DNAT|CMD_CYCLE_(?:OPEN|CLOSE|TIMER)|CMD_(?:SUDO_)?EXEC_(?:USER|GROUP)|GPG_(?:DECRYPT_ID|REMOTE_ID|REQUIRE_SIG))$/;

/** The lines that say yes or no: one that says no has no effect. */
const switches =
  /^(?:ENABLE_|FORWARD_ALL|DISABLE_DNAT|FORCE_MASQUERADE|GPG_(?:ALLOW|REQUIRE|DISABLE))/;

const taken: ReadonlySet<string> = new Set([
  ...["OPEN_PORTS", "RESTRICT_PORTS", "KEY", "KEY_BASE64", "HMAC_KEY", "HMAC_KEY_BASE64"],
  ...["FW_ACCESS_TIMEOUT", "MAX_FW_TIMEOUT", "ACCESS_EXPIRE", "ACCESS_EXPIRE_EPOCH"],
  ...["REQUIRE_USERNAME", "REQUIRE_SOURCE_ADDRESS"],
]);

/** Why a line cannot be taken over. */
function obstacleOf(one: AccessLine): string | undefined {
  const { name, value, isOfKeys } = one;
  const upper = value.toUpperCase();
  if (isOfKeys && !/KEY|^(?:GPG|HMAC)_/.test(name)) return "a file of keys has only keys";
  if (taken.has(name)) {
    return name === "REQUIRE_USERNAME" && !/^[^\s#]{1,63}$/.test(value)
      ? "a name has no blank and no #"
      : undefined;
  }
  switch (name) {
    case "DESTINATION":
      return upper === "ANY" ? undefined : "a door concerns all addresses of this host";
    case "HMAC_DIGEST_TYPE":
      return /^SHA(?:256|384|512)$/.test(upper) ? undefined : "SHA256, SHA384 or SHA512 is needed";
    case "ENCRYPTION_MODE":
      return upper === "CBC" ? undefined : "CBC is needed";
  }
  if (switches.test(name) && !isYes(one)) return undefined;
  if (name.startsWith("GPG_")) return "GnuPG is not supported";
  if (/^(?:ENABLE_CMD_|CMD_|SUDO_EXE)/.test(name))
    return "commands are those of a door, in knockd.conf";
  if (/^(?:FORCE_|FORWARD_ALL|DISABLE_DNAT)/.test(name)) {
    return "forwarding is that of a door: open = tcp/2222 -> 10.0.0.5:22";
  }
  return "it is not known";
}

/** fwknopd takes each word that begins with Y for yes, and all others for no. */
function isYes(one: AccessLine | undefined): boolean {
  return one?.value.toUpperCase().startsWith("Y") ?? false;
}

/** Returns a note about a line. */
export function noteOf({ file, line }: AccessLine, text: string): AccessNote {
  return { file, line, text };
}
