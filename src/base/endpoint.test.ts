import { expect, test } from "vitest";
import { parseAddress } from "./address.ts";
import { formatEndpoint, isLoopback, parseEndpoint } from "./endpoint.ts";

test.each([
  ["127.0.0.1:9190"],
  ["[::1]:9190"],
  ["0.0.0.0:1"],
  ["[::]:65535"],
  ["[2001:db8::7]:80"],
])("%s is one", (text) => {
  const endpoint = parseEndpoint(text);
  expect(endpoint && formatEndpoint(endpoint)).toBe(text);
});

test.each([
  [""],
  ["9190"],
  [":9190"],
  ["127.0.0.1"],
  ["127.0.0.1:"],
  ["127.0.0.1:0"],
  ["127.0.0.1:65536"],
  ["127.0.0.1:http"],
  ["127.0.0.1:-1"],
  ["127.0.0.1:9190 x"],
  ["127.0.0.256:9190"],
  ["127.1:9190"],
  ["localhost:9190"],
  ["::1:9190"],
  ["[::1]"],
  ["[127.0.0.1]:9190"],
  ["[::1:9190"],
])("%j is none", (text) => expect(parseEndpoint(text)).toBeUndefined());

test.each([
  ["127.0.0.1", true],
  ["127.255.0.9", true],
  ["::1", true],
  ["128.0.0.1", false],
  ["0.0.0.0", false],
  ["::", false],
  ["2001:db8::1", false],
])("%s is a loopback address: %s", (text, expected) => {
  const address = parseAddress(text);
  expect(address && isLoopback(address)).toBe(expected);
});
