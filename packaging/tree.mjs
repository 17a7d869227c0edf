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
  constructor(root) {
    this.root = root;
  }

  path(name) {
    return join(this.root, name);
  }

  async write(name, content, mode = 0o644) {
    await mkdir(dirname(this.path(name)), { recursive: true });
    await writeFile(this.path(name), content);
    await chmod(this.path(name), mode);
  }

  async copy(from, name, mode = 0o644) {
    await mkdir(dirname(this.path(name)), { recursive: true });
    await copyFile(from, this.path(name));
    await chmod(this.path(name), mode);
  }

  async link(target, name) {
    await mkdir(dirname(this.path(name)), { recursive: true });
    await symlink(target, this.path(name));
  }

  /** Compressed, without its name and time in it. */
  async gzip(name) {
    await run("gzip", ["-9n", this.path(name)]);
  }

  /** The names of all files and links, sorted, without folders. */
  async files() {
    const entries = await readdir(this.root, { recursive: true, withFileTypes: true });
    const found = entries.filter((entry) => !entry.isDirectory());
    return found
      .map((entry) => join(entry.parentPath, entry.name).slice(this.root.length + 1))
      .sort();
  }

  /** Gives everything one age, in seconds, and folders their mode. */
  async settle(time) {
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
