import { randomBytes } from "node:crypto";
import { formatService } from "../../../base/service.ts";
import { printable } from "../../../base/text.ts";
import type { DoorConfig } from "../../../config/config.ts";
import { namedServices } from "../../../config/config.ts";
import { addFwknopKeys, addKey } from "../../../config/edit/key-users.ts";
import { makeFwknopLock } from "../../../knock/fwknop-lock.ts";
import { makeKey, parseLock } from "../../../knock/keys.ts";
import { forbidCoreFiles } from "../../../system/core-files.ts";
import type { CommandLine } from "../command.ts";
import { usageError } from "../command.ts";
import type { DeviceRoute } from "./device-link.ts";
import { makeDeviceLink } from "./device-link.ts";

/** How the page gets where a link leads. */
const pageHint = "knockctl user page FILE writes the page";

/** What a device gets. */
export interface DeviceText {
  /** A line or more that it imports. */
  readonly text: string;
  /** What a phone scans. */
  readonly qr: string;
  /** What a file with the text has: a clause. */
  readonly content: string;
  /** A sentence about the secret in it. */
  readonly warning: string;
  /** What to do with it on the device. */
  readonly use: string;
  /** Where the page is that a link leads to. */
  readonly page?: string;
}

/** A key that a device gets, or has made itself. */
export interface NewKey {
  readonly client: "knock" | "fwknop";
  /** Its name in logs. */
  readonly id: string;
  /** Whether the text for the device is a secret. */
  readonly isSecret: boolean;
  /** Returns a users file in which a device has it, too. */
  readonly addTo: (text: string, device: string) => string;
  /** Throws USAGE if the device would not take it. */
  readonly describe: (route: DeviceRoute, door: DoorConfig, port: number) => DeviceText;
}

/** The lengths of the keys that fwknop makes, in bytes. */
const fwknopKeyLength = 32;
const fwknopHmacKeyLength = 64;

/** Makes the key of a new device, or reads the lock of one that the device has made. Throws USAGE. */
export async function makeNewKey({ given }: Pick<CommandLine, "given">): Promise<NewKey> {
  forbidCoreFiles();
  const from = given.get("lock");
  if (!given.has("fwknop")) return await makeOwnKey(from);
  if (from !== undefined) throw usageError("--fwknop makes both keys: it goes without --lock");
  return makeFwknopKey();
}

async function makeOwnKey(from: string | undefined): Promise<NewKey> {
  const texts = await readTexts(from);
  const lock = parseLock(texts.lock);
  if (typeof lock === "string") throw usageError(`standard input has no good lock1: line: ${lock}`);
  return {
    ...{ client: "knock", id: lock.id, isSecret: texts.key !== undefined },
    addTo: (text, device) => addKey(text, device, texts.lock),
    describe: (route, door, port) => {
      const link = makeDeviceLink(route, door, { port, key: texts.key });
      const page = route.page?.url;
      const how = page === undefined ? "knock --import" : `a browser opens it (${pageHint})`;
      return {
        ...{ text: link, qr: link, ...(page !== undefined && { page }) },
        content: `the line for the device: ${how}`,
        warning: "This line is shown once; the server keeps only what checks it.",
        use: `On the device: ${how}`,
      };
    },
  };
}

/** A key that is made here, or the lock of one that the device has made. */
async function readTexts(
  from: string | undefined,
): Promise<{ readonly lock: string; readonly key?: string }> {
  if (from === undefined) return makeKey(randomBytes(64));
  if (from !== "-") throw usageError("a lock is read from standard input", "--lock -");
  let text = "";
  for await (const chunk of process.stdin) text += String(chunk);
  const lock = text.split("\n").find((one) => one.trim().startsWith("lock1:"));
  if (lock === undefined) throw usageError("standard input has no lock1: line");
  return { lock: lock.trim() };
}

function makeFwknopKey(): NewKey {
  const key = randomBytes(fwknopKeyLength);
  const hmacKey = randomBytes(fwknopHmacKeyLength);
  const [keyText, hmacText] = [key.toString("base64"), hmacKey.toString("base64")];
  return {
    ...{ client: "fwknop", id: makeFwknopLock(key, hmacKey, "sha256").id, isSecret: true },
    addTo: (text, device) => {
      const changed = addFwknopKeys(text, device, keyText, hmacText);
      if (changed !== undefined) return changed;
      throw usageError(`${device} has a key already`, `knockctl user remove ${device}`);
    },
    describe: ({ host, name, page }, door, port) => {
      if (page !== undefined) throw usageError("--fwknop goes without --link");
      const services = namedServices(door).filter(({ protocol }) => protocol !== "icmp");
      if (!/^[\w.-]+$/.test(name)) throw usageError("--name of a fwknop client is one word");
      if (services.length === 0) {
        const hint = "fwknop asks for ports: open = tcp/22";
        throw usageError(
          `[${printable(door.name)}] opens no port that a fwknop client can name`,
          hint,
        );
      }
      const text = [
        `[${name}]`,
        `SPA_SERVER          ${host}`,
        `SPA_SERVER_PORT     ${port}`,
        `ACCESS              ${services.map(formatService).join(",")}`,
        "ALLOW_IP            source",
        `KEY_BASE64          ${keyText}`,
        `HMAC_KEY_BASE64     ${hmacText}`,
        "USE_HMAC            Y",
      ].join("\n");
      return {
        ...{ text, qr: `KEY_BASE64:${keyText} HMAC_KEY_BASE64:${hmacText}` },
        content: `the part of ~/.fwknoprc (mode 0600) for the device: fwknop -n ${name}`,
        warning:
          "This is shown once; the server keeps both keys: who reads its users file can knock.",
        use: `On the device: append it to ~/.fwknoprc (mode 0600), then fwknop -n ${name}`,
      };
    },
  };
}
