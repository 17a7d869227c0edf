import { join } from "node:path";
import { expect, test } from "vitest";
import { follow } from "./reader.ts";
import { needsSshd } from "./sshd.ts";
import { TestBed } from "./test-bed.ts";

const docs = join(import.meta.dirname, "../../docs");

/** How many commands each has at least. */
const documents = { "first-server.md": 30, "troubleshooting.md": 25 } as const;

test.skipIf(needsSshd("nft", "tcpdump")).each(Object.entries(documents))(
  "what docs/%s shows is what happens",
  { timeout: 240_000 },
  async (name, least) => {
    const stage = await TestBed.open();
    try {
      const parts = await follow(join(docs, name), stage);
      expect(parts.filter(({ kind }) => kind === "typed").length).toBeGreaterThan(least);
    } finally {
      await stage.close();
    }
  },
);
