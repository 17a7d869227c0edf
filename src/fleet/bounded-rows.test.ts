import { expect, test } from "vitest";
import type { BoardRow } from "./board.ts";
import { boundedRows } from "./bounded-rows.ts";
import { noStamp } from "./stamp.ts";

test("rows without end are not read to the end, and others are", async () => {
  const row: BoardRow = { field: "a", stamp: noStamp, sealed: Buffer.alloc(2 ** 20) };
  const read = async (count: number) => {
    let rows = 0;
    const parts = async function* () {
      for (let i = 0; i < count; i++) yield [row];
    };
    for await (const part of boundedRows(parts())) rows += part.length;
    return rows;
  };
  expect(await read(100)).toBe(100);
  await expect(read(Number.POSITIVE_INFINITY)).rejects.toMatchObject({ kind: "lost" });
});
