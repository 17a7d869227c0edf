import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { Folder } from "../live/knockd.ts";
import { run } from "../live/run.ts";
import { ours } from "./debian.ts";

test("the documents of the package lead to each other, and programs to them", async () => {
  const folder = new Folder();
  await run(["dpkg-deb", "-x", ours, folder.at("deb")], { timeout: 60_000 });
  const root = folder.at("deb/usr/share/doc/sesame-knock");
  const names = readdirSync(root, { recursive: true, encoding: "utf8" });
  const documents = names.filter((name) => name.endsWith(".md"));
  expect(documents).toEqual(expect.arrayContaining(["README.md", "docs/first-server.md"]));
  const links = documents.flatMap((name) =>
    [...readFileSync(join(root, name), "utf8").matchAll(/\]\(([^)\s]+)\)/g)].map(
      ([, target = ""]) => [name, target] as const,
    ),
  );
  expect(links.length).toBeGreaterThan(50);
  const dead = links.filter(([name, target]) => {
    const [path = ""] = target.split("#");
    const isElsewhere = /^[a-z]+:/.test(target) || path === "";
    return !isElsewhere && !existsSync(join(root, dirname(name), path));
  });
  expect(dead).toEqual([]);
  const help = await run([folder.at("deb/usr/bin/knockctl"), "invite", "--help"]);
  const [named = ""] = help.stdout.match(/\/usr\/share\/doc\/\S+\.md/) ?? [];
  expect(readFileSync(folder.at(`deb${named}`), "utf8")).toContain("browser");
});
