import { execFile } from "node:child_process";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const loader = new URL("../../bench/typescript.mjs", import.meta.url).href;

/**
 * Runs the text of a module in a process of its own, whose memory no other test shares; returns what it prints.
 * `modules`: the files of which it imports all, by name.
 */
export async function runInOwnProcess(
  modules: Readonly<Record<string, string>>,
  script: string,
): Promise<string> {
  const imports = Object.entries(modules).map(
    ([name, file]) => `import * as ${name} from "${pathToFileURL(file)}";`,
  );
  const resident = `
    import { readFileSync, readlinkSync } from "node:fs";
    /** MiB. */
    const resident = () =>
      Number(/^VmRSS:\\s+(\\d+) kB$/m.exec(readFileSync("/proc/self/status", "latin1"))[1]) / 1024;
  `;
  const args = ["--import", loader, "--input-type=module", "-e"];
  const text = [...imports, resident, script].join("\n");
  const { stdout } = await promisify(execFile)(process.execPath, [...args, text]);
  return stdout.trim();
}
