import { execFile } from "node:child_process";
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  readdir,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A folder that becomes a package. Whatever the umask, the same files have the same modes. */
export class Tree {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  path(name: string): string {
    return join(this.root, name);
  }

  async write(name: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
    await mkdir(dirname(this.path(name)), { recursive: true });
    await writeFile(this.path(name), content);
    await chmod(this.path(name), mode);
  }

  async copy(from: string, name: string, mode = 0o644): Promise<void> {
    await mkdir(dirname(this.path(name)), { recursive: true });
    await copyFile(from, this.path(name));
    await chmod(this.path(name), mode);
  }

  async link(target: string, name: string): Promise<void> {
    await mkdir(dirname(this.path(name)), { recursive: true });
    await symlink(target, this.path(name));
  }

  async isLink(name: string): Promise<boolean> {
    return (await lstat(this.path(name))).isSymbolicLink();
  }

  /** Compressed, without its name and time in it. */
  async gzip(name: string): Promise<void> {
    await run("gzip", ["-9n", this.path(name)]);
  }

  /** The names of all files and links, sorted, without folders. */
  async files(): Promise<string[]> {
    const entries = await readdir(this.root, { recursive: true, withFileTypes: true });
    const found = entries.filter((entry) => !entry.isDirectory());
    return found
      .map((entry) => join(entry.parentPath, entry.name).slice(this.root.length + 1))
      .sort();
  }

  /** Gives everything one age, in seconds, and folders their mode. */
  async settle(time: number): Promise<void> {
    const names = await readdir(this.root, { recursive: true });
    for (const name of ["", ...names]) {
      const path = this.path(name);
      const found = await lstat(path);
      if (found.isSymbolicLink()) continue;
      if (found.isDirectory()) await chmod(path, 0o755);
      await utimes(path, time, time);
    }
  }
}
