import { expect, test } from "vitest";
import { monotonic } from "../base/time.ts";
import { TokenBucket } from "./token-bucket.ts";

const takeAll = (bucket: TokenBucket, now: number, reserve = 0) => {
  let count = 0;
  while (bucket.take(monotonic(now), reserve)) count++;
  return count;
};

test("has what is saved, then what comes, and never more than that", () => {
  const bucket = new TokenBucket({ rate: 0.1, most: 20 }, monotonic(0));
  expect(takeAll(bucket, 0)).toBe(20);
  expect(takeAll(bucket, 9)).toBe(0);
  expect(takeAll(bucket, 35)).toBe(3);
  expect(takeAll(bucket, 1_000_000)).toBe(20);
});

test("leaves a reserve", () => {
  const bucket = new TokenBucket({ rate: 1, most: 10 }, monotonic(0));
  expect(takeAll(bucket, 0, 4)).toBe(6);
  expect(takeAll(bucket, 0)).toBe(4);
});

test("gives nothing for a clock that goes back", () => {
  const bucket = new TokenBucket({ rate: 1, most: 10 }, monotonic(100));
  expect(takeAll(bucket, 100)).toBe(10);
  expect(takeAll(bucket, 50)).toBe(0);
  expect(takeAll(bucket, 101)).toBe(1);
});
