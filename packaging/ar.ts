// The archives that Debian packages are: https://manpages.debian.org/bookworm/dpkg-dev/deb.5.en.html

const magic = "!<arch>\n";
const headerSize = 60;

/** A file in an archive. */
export interface ArchiveMember {
  readonly name: string;
  readonly content: Uint8Array;
}

/** Returns the files in an archive, in their order. Throws if it is damaged. */
export function readArchive(bytes: Buffer): ArchiveMember[] {
  if (bytes.toString("latin1", 0, magic.length) !== magic) throw new Error("no ar archive");
  const members: ArchiveMember[] = [];
  for (let at = magic.length; at < bytes.length; ) {
    const header = bytes.toString("latin1", at, at + headerSize);
    const start = at + headerSize;
    const end = start + Number(header.slice(48, 58));
    if (!header.endsWith("`\n") || !(end <= bytes.length)) throw new Error("damaged ar archive");
    members.push({ name: header.slice(0, 16).trim(), content: bytes.subarray(start, end) });
    at = end + (end % 2);
  }
  return members;
}

/** Returns the archive of these files, all owned by root and of one age, in seconds. */
export function formatArchive(members: readonly ArchiveMember[], time: number): Buffer {
  const parts: Uint8Array[] = [Buffer.from(magic)];
  for (const { name, content } of members) {
    const fields = [name.padEnd(16), `${time}`.padEnd(12), "0     0     100644  "];
    parts.push(Buffer.from(`${fields.join("")}${`${content.length}`.padEnd(10)}\`\n`), content);
    if (content.length % 2 !== 0) parts.push(Buffer.from("\n"));
  }
  return Buffer.concat(parts);
}
