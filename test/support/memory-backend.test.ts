import { formatNetwork } from "../../src/base/address.ts";
import { systemClock } from "../../src/base/clock.ts";
import { isRouted } from "../../src/base/service.ts";
import { describeFirewall } from "../contract/firewall.ts";
import { byKernel, sshBehind } from "./accesses.ts";
import { MemoryBackend } from "./memory-backend.ts";
import { address } from "./packets.ts";

const doors = ["ssh", "web"];

describeFirewall(
  "MemoryBackend",
  () => {
    const firewall = new MemoryBackend(systemClock, []);
    return {
      firewall,
      access: (door, source) => {
        const services = [{ protocol: "tcp", port: 1 + doors.indexOf(door) }] as const;
        return byKernel({ door, source: address(source) }, { services });
      },
      impossible: byKernel({ source: address("::1") }, { services: [] }),
      opened: async () =>
        (await firewall.listOpen()).map(({ source, service }) => {
          if (isRouted(service)) return `ssh@${service.hosts.map(formatNetwork)} ${source}`;
          return `${"port" in service ? doors[service.port - 1] : service.protocol} ${source}`;
        }),
      close: () => {},
    };
  },
  { closesByItself: true, accessBehind: sshBehind },
);
