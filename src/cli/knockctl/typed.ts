// Commands that texts tell administrators to type.
import { defaultControlSocket } from "../../base/paths.ts";
import { printable } from "../../base/text.ts";
import type { CommandLine } from "./command.ts";

/** Returns a command of knockctl as this user has to type it: with sudo, if this one came by sudo. */
export function typed(command: string, { given }: Pick<CommandLine, "given">): string {
  const socket = given.get("socket") ?? defaultControlSocket;
  const option = socket === defaultControlSocket ? "" : ` --socket ${printable(socket)}`;
  return `${becomeRoot()}knockctl ${command}${option}`;
}

/** Returns `sudo ` if this user came by sudo, and is root only through it. */
export function becomeRoot(): string {
  if (process.env["SUDO_USER"] !== undefined) return "sudo ";
  return process.env["DOAS_USER"] === undefined ? "" : "doas ";
}
