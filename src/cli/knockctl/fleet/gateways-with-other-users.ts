import { KnockError } from "../../../base/errors.ts";
import type { FleetReport } from "../../../control/fleet-reports.ts";
import type { SetupPaths } from "../../../setup/paths.ts";
import { ifRunning } from "../../../setup/running-daemon.ts";

/**
 * Resolves to the names of the other gateways whose users file is not as the one of this gateway. Throws SYSTEM if
 * the daemon does not answer.
 */
export async function findGatewaysWithOtherUsers(paths: SetupPaths): Promise<readonly string[]> {
  const answer = await ifRunning(paths, (daemon) => daemon.ask("fleet", {})).catch(
    (error: unknown) => {
      // A daemon of an older version is in no fleet.
      if (error instanceof KnockError && error.code === "USAGE") return undefined;
      throw error;
    },
  );
  return (answer?.fleet?.gateways ?? []).filter(hasOtherUsers).map(({ name }) => name);
}

function hasOtherUsers({ here, differences }: FleetReport["gateways"][number]): boolean {
  return !here && differences.some(({ what }) => what === "users");
}
