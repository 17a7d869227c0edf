import { expect, test } from "vitest";
import { formatStore, parseStore } from "./store-address.ts";

const tcp = { kind: "tcp", tls: false, host: "10.0.0.5", port: 6379 };

test.each([
  ["redis://10.0.0.5", tcp, "redis://10.0.0.5:6379"],
  ["redis://10.0.0.5:7000", { ...tcp, port: 7000 }],
  ["rediss://store.example:6380", { ...tcp, tls: true, host: "store.example", port: 6380 }],
  ["redis://[2001:db8::5]:6379", { ...tcp, host: "2001:db8::5" }],
  ["redis+unix:///run/redis.sock", { kind: "unix", path: "/run/redis.sock" }],
  [
    "sentinel://a,[::1]:1,c:26379/office",
    {
      kind: "sentinel",
      sentinels: [
        { host: "a", port: 26379 },
        { host: "::1", port: 1 },
        { host: "c", port: 26379 },
      ],
      name: "office",
    },
    "sentinel://a:26379,[::1]:1,c:26379/office",
  ],
])("%s", (text, address, written = text) => {
  const read = parseStore(text);
  expect(read).toEqual(address);
  expect(read && formatStore(read)).toBe(written);
});

test.each([
  ["10.0.0.5:6379"],
  ["http://10.0.0.5"],
  ["redis://"],
  ["redis://user:secret@10.0.0.5"],
  ["redis://:secret@10.0.0.5:6379"],
  ["redis://10.0.0.5/2"],
  ["redis://10.0.0.5:0"],
  ["redis://10.0.0.5:65536"],
  ["redis://2001:db8::5"],
  ["redis+unix://run/redis.sock"],
  ["sentinel://a,b"],
  ["sentinel://a,/office"],
  ["sentinel:///office"],
])("no store: %s", (text) => {
  expect(parseStore(text)).toBeUndefined();
});
