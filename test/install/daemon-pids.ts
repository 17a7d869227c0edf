/** Where shell commands run, and what they print. */
interface ShellOfDebian {
  says(command: string): Promise<string>;
}

/**
 * Returns the process ids of the daemons that run, parted by blanks; empty if there is none.
 *
 * A program that a daemon starts bears the daemon's name until its exec: a child of a daemon counts as
 * none. (A daemon that goes into the background is no child: its parent has ended.)
 */
export async function daemonPids(shell: ShellOfDebian): Promise<string> {
  return await shell.says(`
    pids=" $(pidof knockd) "
    for pid in $pids; do
      parent=$(awk '/^PPid/ { print $2 }' /proc/$pid/status 2>/dev/null)
      case "$pids" in *" \${parent:-$pid} "*) ;; *) printf '%s ' "$pid" ;; esac
    done`);
}
