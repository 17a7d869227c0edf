#!/usr/bin/env bash
# Plays the main job of port knocking, for scripts/demo: a server that drops ssh and ping, and two
# clients, each a network namespace. One client knocks, and is let in, alone. Says `ok` or FAILED for
# every step and shows the daemon's own lines as they come; exits with 1 if any step failed.
#
# KNOCKD and KNOCK name another daemon and client with the same flags: the classic ones, say.
set -euo pipefail

if [ "${SESAME_PRIVATE-}" != 1 ]; then
  echo "main-job: it changes firewall rules: run it by scripts/demo" >&2
  exit 1
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."
knockd=${KNOCKD:-bin/knockd}
knock=${KNOCK:-bin/knock}
server=10.77.0.1

title() { printf '\n== %s\n' "$*"; }

failures=0
# step TEXT COMMAND...: the step is as it should be when the command succeeds.
step() {
  if "${@:2}"; then
    echo "ok      $1"
  else
    echo "FAILED  $1"
    failures=$((failures + 1))
  fi
}

verdict() {
  if [ $failures = 0 ]; then
    printf '\nEvery step was as it should be.\n'
  else
    printf '\nSteps that were not as they should be: %d.\n' $failures
    return 1
  fi
}

# must TEXT COMMAND...: a step without which those after it would say nothing.
must() {
  step "$@"
  [ $failures = 0 ] || { verdict; exit; }
}

# ---- the world ----

on() { ip netns exec "$@"; }

# make_host NAME ADDRESS: a host with one interface, eth0, on the switch.
make_host() {
  ip netns add "$1"
  ip -n switch link add "port-$1" type veth peer name eth0 netns "$1"
  ip -n switch link set "port-$1" master br0 up
  ip -n "$1" address add "$2/24" dev eth0
  ip -n "$1" link set eth0 up
  ip -n "$1" link set lo up
}

make_world() {
  ip netns add switch
  ip -n switch link add br0 type bridge
  ip -n switch link set br0 up
  make_host server $server
  make_host one 10.77.0.11
  make_host two 10.77.0.12
  on server iptables -A INPUT -p tcp --dport 22 -j DROP
  on server iptables -A INPUT -p icmp --icmp-type echo-request -j DROP
}

# Greets as an ssh server does; it need not be one to show who gets as far as its door.
listen() {
  local line
  exec {listener}< <(exec ip netns exec server node -e '
    require("node:net")
      .createServer((socket) => socket.on("error", () => {}).end("SSH-2.0-demo\r\n"))
      .listen(22, () => console.log("listening"));')
  read -r -t 10 line <&"$listener" && [ "$line" = listening ]
}

# ---- what a client sees ----

# A dropped SYN is sent again after one second and after three: a door that opens late is still seen.
greeted() {
  local line
  line=$(timeout 5 ip netns exec "$1" bash -c "exec 3<>/dev/tcp/$server/22 && head -n 1 <&3" 2>&1) &&
    [[ $line = SSH-2.0-demo* ]]
}

silent() {
  local code=0
  timeout 1 ip netns exec "$1" bash -c "exec 3<>/dev/tcp/$server/22" 2>/dev/null || code=$?
  [ $code = 124 ] # timeout's own: neither accepted nor refused
}

answered() { on "$1" ping -n -q -c 1 -W 1 $server >/dev/null; }
unanswered() { ! answered "$1"; }

# The daemon logs a command when it starts it; its effect comes a moment later.
eventually() {
  local deadline=$((SECONDS + 5))
  until "$@"; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.1
  done
}

# ---- the daemon ----

start_daemon() {
  # The log file goes where nothing is left behind.
  sed "s|^\([[:space:]]*logfile = \).*|\1$TMPDIR/knockd.log|" examples/tutorial.conf >"$TMPDIR/knockd.conf"
  exec {daemon_log}< <(exec ip netns exec server "$knockd" -i eth0 -c "$TMPDIR/knockd.conf" -v 2>&1)
  daemon=$!
}

# heard PATTERN: shows the daemon's lines until one matches, for some seconds at most.
heard() {
  local line deadline=$((SECONDS + 6))
  while [ $SECONDS -lt $deadline ] && read -r -t 6 line <&"$daemon_log"; do
    [ -z "$line" ] || echo "          knockd | $line"
    # shellcheck disable=SC2053 # It is a pattern.
    [[ $line != $1 ]] || return 0
  done
  echo "          knockd said nothing like \"$1\""
  return 1
}

# knocks CLIENT DOOR PORT...: the client knocks, and the daemon runs the command of the door.
knocks() {
  echo "          $1 \$ knock $server ${*:3}"
  timeout 10 ip netns exec "$1" "$knock" $server "${@:3}" && heard "*$2: OPEN SESAME*" && heard "*$2: running command: *"
}

# Its exit code is the signal's number, as the service file of the Debian package expects.
stop_daemon() {
  local code=0
  kill -TERM $daemon || return 1
  heard "closing..." || return 1
  wait $daemon || code=$?
  [ $code = 15 ]
}

# ---- the play ----

title "A server with a listener on port 22; its firewall drops ssh and ping"
make_world
must "the listener is there" listen
start_daemon
must "the daemon listens" heard "listening on eth0*"
step "client one: ssh is silent" silent one
step "client two: ssh is silent" silent two
step "client one: ping is not answered" unanswered one
step "client two: ping is not answered" unanswered two

title "Client one knocks for ssh"
step "the daemon hears it and runs the command" knocks one openSSH 1111 2222 3333
step "client one: ssh greets" greeted one
step "client two: ssh stays silent" silent two
step "client one: ping is still not answered" unanswered one

title "Client one knocks for ping"
step "the daemon hears it and runs the command" knocks one openICMP 1212 1313 1414
step "client one: ping is answered" eventually answered one
step "client two: ping is not answered" unanswered two

title "Client one knocks to end that"
step "the daemon hears it and runs the command" knocks one closeICMP 1515 1616 1717
step "client one: ping is not answered any more" eventually unanswered one
step "client one: ssh still greets" greeted one

title "Client one closes ssh again"
step "the daemon hears it and runs the command" knocks one closeSSH 3333 2222 1111
step "client one: ssh is silent again" eventually silent one

title "The daemon is stopped"
step "it ends as knockd does" stop_daemon

verdict
