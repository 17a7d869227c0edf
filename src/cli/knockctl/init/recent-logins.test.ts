import { expect, test } from "vitest";
import { findAddresses } from "./recent-logins.ts";

test("the addresses of log-ins, each once, the newest first, without this host's own", () => {
  const text = `\
root     pts/0        2026-11-28 20:01 (192.0.2.7)
root     pts/1        2026-11-28 20:02 192.0.2.7
anna     pts/2        127.0.0.1        Sat Nov 28 20:01   still logged in
anna     pts/3        2001:db8::7      Sat Nov 28 19:01 - 19:30  (00:29)
reboot   system boot  0.0.0.0          Sat Nov 28 18:01   still running
anna     tty1         ::               Sat Nov 28 18:05
bob      pts/3        198.51.100.3     Fri Nov 27 19:01 - 19:30  (00:29)
bob      pts/3        198.51.100.4     Fri Nov 27 19:01 - 19:30  (00:29)
`;
  expect(findAddresses(text).map(String)).toEqual(["192.0.2.7", "2001:db8::7", "198.51.100.3"]);
  expect(findAddresses("who: command not found")).toEqual([]);
});
