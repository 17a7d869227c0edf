import { afterEach, expect, test, vi } from "vitest";
import { formatService } from "../../../base/service.ts";
import { readOptions } from "./options.ts";

afterEach(() => void vi.unstubAllEnvs());

/** What is wanted of a machine where these TCP ports listen, if its administrator says no more than `--yes`. */
async function optionsOf(server: string, ...listening: number[]) {
  vi.stubEnv("SSH_CONNECTION", `192.0.2.7 50000 ${server}`);
  const line = { given: new Map([["host", "a.example"]]), operands: [] };
  return await readOptions(line, { tcp: new Set(listening), udp: new Set() }, undefined);
}

test.each([
  ["192.0.2.1 22", [22, 80], "tcp/22", 22],
  ["192.0.2.1 2222", [22, 2222], "tcp/2222", 2222],
  ["192.0.2.1 2222", [22], "tcp/22", 2222],
  ["", [22], "tcp/22", 22],
])(
  "of an ssh session with %j, where %j listen, the service is %s",
  async (server, ports, ...expected) => {
    const { services, sshPort } = await optionsOf(server, ...ports);
    expect([...services.map(formatService), sshPort]).toEqual(expected);
  },
);

test("where no ssh listens the service has to be said", async () => {
  await expect(optionsOf("192.0.2.1 2222", 80)).rejects.toMatchObject({
    code: "USAGE",
    message: "which services should be protected?",
  });
});
