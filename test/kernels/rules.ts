// Writes the rules that scripts/old-kernels loads: all kinds of doors, and their removal.
//   node --import ./bench/typescript.mjs test/kernels/rules.ts FOLDER
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { protectedServices } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { kernelDoorsOf } from "../../src/daemon/configured-kernel-doors.ts";
import { Doors } from "../../src/daemon/doors.ts";
import { servicesBehind } from "../../src/daemon/services-behind.ts";
import { compiledDoors } from "../../src/firewall/nftables/kernel-doors.ts";
import { doorSet, families } from "../../src/firewall/nftables/kernel-sets.ts";
import { rulesetsFor } from "../../src/firewall/nftables/nft-ruleset.ts";
import { unprotectRulesets } from "../../src/firewall/nftables/nft-unprotect.ts";
import { MemoryLog } from "../support/memory-log.ts";

/** test/kernels/init.sh knocks at them, as 10.77.0.2, 10.77.0.3 and fd77::2. */
const text = `
[options]
  Interface = wan
[ssh]
  sequence = 7003,9140,8455
  tcpflags = syn
  open     = tcp/22, icmp
  open_for = 60d
  protect  = yes
[udp]
  sequence    = 7104:udp,9241,8556:udp
  seq_timeout = 20
  deny        = 10.77.0.3, 2001:db8::/32
  open        = udp/53, tcp/53
  protect     = yes
[near]
  sequence = 7205
  allow    = 10.77.0.0/24, fd77::/64
  decoys   = 0
  open     = tcp/80
  protect  = yes
[routed]
  sequence = 7306,9443
  tcpflags = syn
  open     = tcp/22
  to       = 10.78.0.5, fd78::/64
  protect  = yes
[forward]
  sequence   = 7407,9544
  tcpflags   = syn
  open       = tcp/2222 -> 10.78.0.5:22, tcp/2222 -> [fd78::5]:22
  masquerade = yes
[far]
  sequence = 7508,9645
  target   = 192.0.2.9
  open     = tcp/81
`;

const [folder = "."] = process.argv.slice(2);
const { config, problems } = parseConfig(text);
if (config === undefined) throw new Error(problems.map(({ message }) => message).join("\n"));
const doors = new Doors(config.doors, () => [], new MemoryLog());
const kernel = kernelDoorsOf(doors, { interfaces: config.options.interfaces }, false);
const compiled = compiledDoors(kernel);
const behind = servicesBehind(config, (name) => ({ name, master: undefined }));
const services = protectedServices(config.doors);
const [best] = rulesetsFor({ services, behind, doors: kernel, seed: 7 });
const sets = compiled.flatMap(({ key }) => families.map(({ version }) => doorSet(key, version)));
// The best one is for tables without forwarded ports.
const [, removal] = unprotectRulesets("sesame", sets);
writeFileSync(join(folder, "rules.nft"), best?.text ?? "");
writeFileSync(join(folder, "removal.nft"), removal ?? "");
