import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FleetBench, holderOfSource } from "../../test/support/fleet-bench.ts";
import type { Board } from "./board.ts";
import { BoardError } from "./board.ts";

let bench: FleetBench;
beforeEach(() => {
  bench = new FleetBench();
});
afterEach(() => bench.close());

/** Connects to boards that this changes. */
function connectAnd(change: (board: Board) => void): () => Promise<Board> {
  return async () => {
    const board = await bench.store.open();
    change(board);
    return board;
  };
}

const refuse = () => Promise.reject(new BoardError("refused", "NOPERM"));

describe("a gateway without the right to", () => {
  test("ask for facts joins, and stays", async () => {
    const connect = connectAnd((board) => {
      board.facts = refuse;
    });
    const { lines, fleet } = await bench.add("gw-1", { connect });
    await bench.pass(70_000);
    expect(lines).toEqual(["joined"]);
    expect(fleet.state.facts).toBeUndefined();
  });

  test.each(["follow", "lookUp"] as const)("%s never joins, and says so once", async (name) => {
    const connect = connectAnd((board) => {
      board[name] = refuse;
    });
    const { lines, fleet } = await bench.add("gw-1", { connect });
    fleet.opened(holderOfSource(7), 600_000);
    await bench.pass(20_000);
    expect(lines).toEqual(["lost: NOPERM"]);
  });
});
