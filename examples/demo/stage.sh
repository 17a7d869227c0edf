# The stage of the demo, for its acts to source: a network of namespaces, and steps that are checked.
# shellcheck shell=bash
set -euo pipefail

if [ "${SESAME_PRIVATE-}" != 1 ]; then
  echo "demo: it changes firewall rules: run it by scripts/demo" >&2
  exit 1
fi
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

export NO_COLOR=1
server=10.77.0.1
knockd=${KNOCKD:-bin/knockd}
knock=${KNOCK:-bin/knock}

# ---- the text ----

note() { printf '          %s\n' "$*"; }

# On a terminal, each part begins on an empty screen, and stays long enough to be read.
is_shown() { [ -t 1 ] && [ "${DEMO_PAUSE-}" != 0 ]; }
pause() { if is_shown; then sleep "${DEMO_PAUSE:-4}"; fi; }

title() {
  [ -z "${titled-}" ] || pause
  titled=yes
  if is_shown; then printf '\033[2J\033[H'; fi
  printf '\n== %s\n' "$*"
}

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

# Ends an act. Its exit code is 1 if a step failed.
verdict() {
  pause
  [ $failures != 0 ] || return 0
  printf '\nFailed steps: %d\n' $failures
  return 1
}

# must TEXT COMMAND...: a step without which the next steps would show nothing.
must() {
  step "$@"
  [ $failures = 0 ] || { verdict; exit; }
}

# ---- the network ----

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

make_switch() {
  ip netns add switch
  ip -n switch link add br0 type bridge
  ip -n switch link set br0 up
}

# listen HOST: greets on port 22 as an ssh server does. It only shows who reaches the port.
listen() {
  local line listener
  exec {listener}< <(exec ip netns exec "$1" node -e '
    require("node:net")
      .createServer((socket) => socket.on("error", () => {}).end("SSH-2.0-demo\r\n"))
      .listen(22, () => console.log("listening"));')
  read -r -t 20 line <&"$listener" && [ "$line" = listening ]
}

# ---- what a client sees ----

# A dropped SYN is sent again after one second and after three: a door that opens late is still seen.
greeted() {
  local line
  line=$(timeout 5 ip netns exec "$1" bash -c "exec 3<>/dev/tcp/${2:-$server}/22 && head -n 1 <&3" 2>&1) &&
    [[ $line = SSH-2.0-demo* ]]
}

silent() {
  local code=0
  timeout 1 ip netns exec "$1" bash -c "exec 3<>/dev/tcp/${2:-$server}/22" 2>/dev/null || code=$?
  [ $code = 124 ] # timeout's own: neither accepted nor refused
}

answered() { on "$1" ping -n -q -c 1 -W 1 $server >/dev/null; }
unanswered() { ! answered "$1"; }

# A command takes effect a moment after the daemon logs it.
eventually() {
  local deadline=$((SECONDS + 30))
  until "$@"; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.1
  done
}

# ---- the daemon ----

# start_daemon HOST PROGRAM OPTION...: its lines come by the descriptor `daemon_log`.
start_daemon() {
  exec {daemon_log}< <(exec ip netns exec "$1" "${@:2}" 2>&1)
  daemon=$!
}

# heard PATTERN: shows the daemon's lines until one matches, for some seconds at most.
heard() {
  local line deadline=$((SECONDS + 30))
  while [ $SECONDS -lt $deadline ] && read -r -t 30 line <&"$daemon_log"; do
    [ -z "$line" ] || note "knockd | $line"
    # shellcheck disable=SC2053 # It is a pattern.
    [[ $line != $1 ]] || return 0
  done
  note "knockd said nothing like \"$1\""
  return 1
}

# Its exit code is the signal's number, as the service file of the Debian package expects.
stop_daemon() {
  local code=0
  kill -TERM $daemon || return 1
  heard "closing..." || return 1
  wait $daemon || code=$?
  [ $code = 15 ]
}
