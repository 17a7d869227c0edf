/** Paths that hold unless an option, the configuration or the environment says otherwise. */
export const defaultConfigFile = "/etc/knockd.conf";
export const defaultUsersFile = "/etc/knockd.users";
export const defaultFleetFile = "/etc/knockd.fleet";
export const defaultPidFile = "/var/run/knockd.pid";
export const defaultRuntimeDirectory = "/run/knockd";
export const defaultStateDirectory = "/var/lib/knockd";

/** A directory that exists where systemd runs, as sd_booted(3) asks. */
export const systemdDirectory = "/run/systemd/system";
/** What starts and stops knockd where systemd does not run. */
export const initScript = "/etc/init.d/knockd";

/** Returns the control socket of a daemon with this runtime directory. */
export function controlSocketIn(runtimeDirectory: string): string {
  return `${runtimeDirectory}/control.sock`;
}

/**
 * Where clients find the daemon. They do not ask RUNTIME_DIRECTORY: in a client it is that of the
 * service that called `knockctl`.
 */
export const defaultControlSocket: string = controlSocketIn(defaultRuntimeDirectory);
