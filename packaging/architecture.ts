/** A processor that packages for Linux are made for, by the names that each tool gives it. */
export interface Architecture {
  readonly debian: "amd64" | "arm64";
  readonly node: "x64" | "arm64";
  readonly rpm: "x86_64" | "aarch64";
  /** The Debian package whose `strip` knows its programs, on every processor. */
  readonly binutils: string;
  readonly strip: string;
}

/** All of them. Each is made on either. */
export const architectures: readonly Architecture[] = [
  {
    debian: "amd64",
    node: "x64",
    rpm: "x86_64",
    binutils: "binutils-x86-64-linux-gnu",
    strip: "x86_64-linux-gnu-strip",
  },
  {
    debian: "arm64",
    node: "arm64",
    rpm: "aarch64",
    binutils: "binutils-aarch64-linux-gnu",
    strip: "aarch64-linux-gnu-strip",
  },
];

/** The architecture of this machine. Undefined if no packages are made on it. */
export const ownArchitecture: Architecture | undefined =
  process.platform === "linux"
    ? architectures.find(({ node }) => node === process.arch)
    : undefined;
