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

describe("a broken store", () => {
  test("of wrong numbers has its table read once a second, and is heard all the same", async () => {
    let reads = 0;
    const connect = connectAnd((board) => {
      const follow = board.follow.bind(board);
      board.follow = async (...given) => ({ ...(await follow(...given)), hasGap: true });
      const table = board.table.bind(board);
      board.table = () => {
        reads++;
        return table();
      };
    });
    const [one, other] = [await bench.add("gw-1", { connect }), await bench.add("gw-2")];
    for (let i = 1; i <= 20; i++) {
      other.fleet.opened(holderOfSource(i), 600_000);
      await bench.pass(100);
    }
    expect(reads).toBeLessThanOrEqual(4);
    await bench.pass(2_000);
    expect(one.heard.size).toBe(20);
    expect(one.lines).toEqual(["joined"]);
  });

  test("that answers at once with nothing is asked once a second", async () => {
    let asked = 0;
    const connect = connectAnd((board) => {
      const { time } = board;
      board.follow = async (after) => {
        asked++;
        await time.call(board);
        return { rows: [], position: after, hasGap: false };
      };
    });
    await bench.add("gw-1", { connect });
    await bench.pass(10_000);
    expect(asked).toBeLessThanOrEqual(12);
  });
});

test("a closing is not acknowledged while the table that has it is being read", async () => {
  const one = await bench.add("gw-1");
  let isSlow = false;
  let goOn = () => {};
  const connect = connectAnd((board) => {
    const table = board.table.bind(board);
    board.table = async function* () {
      if (isSlow) {
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
      }
      yield* table();
    };
    const follow = board.follow.bind(board);
    board.follow = async (...given) => {
      const batch = await follow(...given);
      return isSlow ? { ...batch, rows: [], hasGap: true } : batch;
    };
  });
  const two = await bench.add("gw-2", { connect });
  one.fleet.opened(holderOfSource(7), 600_000);
  await bench.settle();
  isSlow = true;
  one.fleet.closed({ kind: "all" }, 3_600_000);
  await bench.pass(12_000);
  const beat = one.fleet.roster.heartbeats.find(({ gateway }) => gateway === "gw-2");
  expect(beat?.n).toBe(1);
  expect(two.heard.size).toBe(1);
  isSlow = false;
  goOn();
  await bench.settle();
  expect(two.heard.size).toBe(0);
});
