# Debian's knockd beside Sesame, for the acts that compare them. `classic` is its path, or empty.
# shellcheck shell=bash
source "$(dirname "${BASH_SOURCE[0]}")/stage.sh"

classic=
for candidate in /usr/sbin/knockd node_modules/.cache/peers/usr/sbin/knockd; do
  # Sesame's own knockd may be installed under this name.
  if [ -z "$classic" ] && version=$("$candidate" -V 2>&1) && [[ $version != *Sesame* ]]; then
    classic=$candidate
  fi
done
rival=10.77.0.2

# beside TEXT COMMAND...: a step with Debian's knockd, where it can be had.
beside() {
  if [ -n "$classic" ]; then step "Debian's knockd: $1" "${@:2}"; fi
}

# The network: Sesame on `server`, Debian's knockd on `rival`, and two clients.
make_world() {
  make_switch
  make_host server $server
  make_host rival $rival
  make_host one 10.77.0.11
  make_host two 10.77.0.12
  must "both servers listen on port 22" both_listen
  [ -n "$classic" ] || note "Debian's knockd is not available here: only Sesame is shown"
}

both_listen() { listen server && listen rival; }

# start_classic FILE: starts Debian's knockd. It says in its log when it listens.
start_classic() {
  [ -n "$classic" ] || return 0
  printf '[options]\nlogfile = %s\n%s\n' "$TMPDIR/rival.log" "$(<"$1")" >"$TMPDIR/rival.conf"
  ip netns exec rival "$classic" -i eth0 -c "$TMPDIR/rival.conf" -p "$TMPDIR/rival.pid" 2>/dev/null &
  rival_pid=$!
  disown $rival_pid
  eventually grep -qs "starting up, listening" "$TMPDIR/rival.log"
}
