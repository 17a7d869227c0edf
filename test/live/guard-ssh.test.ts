import { expect, test } from "vitest";
import { knockctl } from "./knockd.ts";
import { needsSshd } from "./sshd.ts";
import { TestBed } from "./test-bed.ts";

const config = `[ssh]
sequence = 7003,9140,8455
tcpflags = syn
open = tcp/22
open_for = 20s
`;

test.skipIf(needsSshd("nft"))(
  "what comes over a shared ssh connection does not confirm a trial, a new one does",
  async () => {
    const stage = await TestBed.open();
    try {
      const client = (command: string) => stage.type("client", command);
      const confirm = [...knockctl, "guard", "--confirm"].join(" ");
      const shared = "ssh -S $HOME/shared server.example.org";
      stage.configure(config);
      await stage.type("server", "systemctl restart knockd");
      await stage.begin("client", `exec ${shared} -MN`);
      await expect.poll(() => client(`${shared} -O check`)).toContain("Master running");
      const begun = await stage.type("server", "sudo knockctl guard --json");
      expect(JSON.parse(begun)).toMatchObject({ services: ["tcp/22"], address: "192.0.2.7" });
      await client("knock -d 50 server.example.org 7003 9140 8455");
      expect(await client(`${shared} ${confirm}`)).toContain("was there before the trial");
      const separate = `ssh -S none server.example.org ${confirm}`;
      expect(await client(separate)).toContain("Protected from now on");
    } finally {
      await stage.close();
    }
  },
);
