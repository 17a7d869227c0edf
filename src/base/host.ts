/** Returns a host name or an address for a URL, in lower case, or `undefined` if it is invalid. */
export function readHost(text: string): string | undefined {
  const host = text.trim().replace(/^\[(.*)\]$/, "$1");
  if (!/^(?:[\p{L}\p{N}._-]{1,253}|[\da-f:.]*:[\da-f:.]*)$/iu.test(host)) return undefined;
  try {
    return new URL(`http://${bracketed(host)}/`).hostname.replace(/^\[(.*)\]$/, "$1");
  } catch {
    return undefined; // It only looked like an address.
  }
}

/** Returns the host in the syntax of a URL. */
export function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
