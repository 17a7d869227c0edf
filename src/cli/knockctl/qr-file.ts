// The option --qr of the commands that make QR codes.
import { writeFileSync } from "node:fs";
import { extname, resolve } from "node:path";
import { isErrno, KnockError, reason } from "../../base/errors.ts";
import { printable } from "../../base/text.ts";
import type { HelpOption } from "../help.ts";
import { formatQr, formatQrPng, formatQrSvg } from "../qr.ts";
import type { CommandLine } from "./command.ts";
import { usageError } from "./command.ts";

export const qrOption: HelpOption = {
  long: "qr",
  argument: "FILE",
  help: "write the QR code to FILE (.svg or .png), or show it here if FILE is -",
};

/** Where a QR code goes. */
export interface QrTarget {
  /** `undefined` shows it on the terminal. */
  readonly file: string | undefined;
  readonly format: (text: string) => string | Uint8Array;
}

/** Reads --qr; `undefined` if it is not given. Throws USAGE. */
export function readQrTarget({ given }: Pick<CommandLine, "given">): QrTarget | undefined {
  const file = given.get("qr");
  if (file === undefined) return undefined;
  if (file === "-") {
    return { file: undefined, format: (text) => formatQr(text, process.stdout.isTTY === true) };
  }
  const formats: Readonly<Record<string, QrTarget["format"]>> = {
    ".svg": formatQrSvg,
    ".png": formatQrPng,
  };
  const format = formats[extname(file).toLowerCase()];
  if (format !== undefined) return { file: resolve(file), format };
  throw usageError(`--qr: "${printable(file)}" is neither an .svg nor a .png file`);
}

/**
 * Writes a QR code with a secret to a new file that its owner alone can read; with `force` over one that
 * exists. Throws SYSTEM.
 */
export function writeQr(file: string, content: string | Uint8Array, force: boolean): void {
  try {
    writeFileSync(file, content, { mode: 0o600, flag: force ? "w" : "wx" });
  } catch (cause) {
    const message = `cannot write ${printable(file)}: ${reason(cause)}`;
    const hints = isErrno(cause, "EEXIST") ? ["--force overwrites it"] : [];
    throw new KnockError("SYSTEM", message, { cause, hints });
  }
}
