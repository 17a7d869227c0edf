import { systemClock } from "../../base/clock.ts";
import { KnockError } from "../../base/errors.ts";
import { defaultControlSocket } from "../../base/paths.ts";
import { openClient } from "../../control/client.ts";
import type { Command } from "./command.ts";
import { screenFor, usageError } from "./command.ts";
import { findSeenProblems } from "./status.ts";
import { isFullTerminal, openFullScreen } from "./top/full-screen.ts";
import { TopSession } from "./top/session.ts";
import { barGlyphs } from "./top/spans.ts";
import { drawTop } from "./top/view.ts";

export const top: Command = {
  name: "top",
  group: "look",
  summary: "show leases, knocks and problems live on full screen",
  operands: [],
  description: `
    Shows the state of knockd on a full screen, once a second: leases with the time left as
    bars, knocks under way by stage, ignored sources, packets and openings per second, and
    problems.

    Arrows choose a lease or an ignored source. c closes the lease, after a question. e extends
    it by the time of its door. f forgives the source. ? lists the keys, q quits. Without UTF-8
    in LANG, bars are ASCII.`,
  asksDaemon: true,
  options: [],
  example: "top",
  async run(line, io) {
    if (line.given.has("json")) {
      throw usageError("top has no JSON", "knockctl status --json prints what top shows");
    }
    if (!isFullTerminal()) {
      throw new KnockError("SYSTEM", "top needs a terminal; knockctl status does not");
    }
    const session = new TopSession({
      clock: systemClock,
      connect: () => openClient(line.given.get("socket") ?? defaultControlSocket, systemClock),
      openScreen: openFullScreen,
      draw: (state, size) =>
        drawTop(state, { ...screenFor(line, io), ...size, glyphs: barGlyphs(process.env) }),
      findProblems: ({ doors, status }) => findSeenProblems(doors, status),
    });
    return await session.run();
  },
};
