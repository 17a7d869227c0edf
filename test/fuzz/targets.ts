import type { FuzzTarget } from "./target.ts";
import { accessTarget } from "./targets/access.ts";
import { configTarget } from "./targets/config.ts";
import { controlTarget } from "./targets/control.ts";
import { decodeTarget } from "./targets/decode.ts";
import { fleetTarget } from "./targets/fleet.ts";
import { fleetFileTarget } from "./targets/fleet-file.ts";
import { fwknopTarget } from "./targets/fwknop.ts";
import { journalTarget } from "./targets/journal.ts";
import { keyTextTarget } from "./targets/key-text.ts";
import { knockTarget } from "./targets/knock.ts";
import { knockJournalTarget } from "./targets/knock-journal.ts";
import { matcherTarget } from "./targets/matcher.ts";
import { netlinkTarget } from "./targets/netlink.ts";
import { oneTimeTarget } from "./targets/one-time.ts";
import { profilesTarget } from "./targets/profiles.ts";
import { savefileTarget } from "./targets/savefile.ts";
import { usersTarget } from "./targets/users.ts";

/** All readers of bytes that strangers, or accidents, may have made. */
export const targets: readonly FuzzTarget[] = [
  decodeTarget,
  matcherTarget,
  savefileTarget,
  configTarget,
  controlTarget,
  netlinkTarget,
  oneTimeTarget,
  journalTarget,
  profilesTarget,
  knockTarget,
  keyTextTarget,
  usersTarget,
  knockJournalTarget,
  fleetTarget,
  fleetFileTarget,
  fwknopTarget,
  accessTarget,
];
