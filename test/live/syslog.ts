import { Datagrams } from "../support/datagrams.ts";

/** A system log: it listens at `/dev/log`, which scripts/private leaves to the tests. */
export class SystemLog extends Datagrams {
  constructor() {
    super("/dev/log");
  }
}
