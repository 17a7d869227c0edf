#!/usr/bin/env bash
# `kill -9` of the daemon while a door is open, and knocks while no daemon runs.
source "$(dirname "${BASH_SOURCE[0]}")/rival.sh"

seconds=6

native() {
  printf '[options]\n[ssh]\nsequence = 7003,9140,8455\ntcpflags = syn\n'
  printf 'open = tcp/22\nopen_for = %s\nprotect = yes\n' ${seconds}s
}

commands() {
  printf '[ssh]\nsequence = 7003,9140,8455\ntcpflags = syn\ncmd_timeout = %s\n' $seconds
  printf 'start_command = iptables -I INPUT -s %%IP%% -p tcp --dport 22 -j ACCEPT\n'
  printf 'stop_command = iptables -D INPUT -s %%IP%% -p tcp --dport 22 -j ACCEPT\n'
}

knocks() {
  note "$1 \$ knock -d 20 $2 7003 9140 8455"
  on "$1" "$knock" -d 20 "$2" 7003 9140 8455
}

# Kills a service as systemd does after a crash: its main process, and all that are left of it.
kill_all() {
  local all
  all=$(pgrep -P "$1" || true)
  note "kill -9 $1"
  # shellcheck disable=SC2086 # Several numbers.
    kill -KILL $1 $all 2>/dev/null
}

# The doors were opened some seconds apart, so the other one has that much longer to close.
still() { sleep 3 && "$@"; }

title "kill -9 while the door is open"
note "[ssh] opens tcp/22 for $seconds seconds. At Sesame the kernel does that."
make_world
native >"$TMPDIR/knockd.conf"
commands >"$TMPDIR/doors"
start_daemon server "$knockd" -i eth0 -c "$TMPDIR/knockd.conf" -v
must "Sesame listens" heard "listening on eth0*"
if [ -n "$classic" ]; then
  on rival iptables -A INPUT -p tcp --dport 22 -j DROP
  must "Debian's knockd listens" start_classic "$TMPDIR/doors"
fi
step "client one: ssh is silent" silent one $server
must "client one knocks at Sesame" knocks one $server
step "Sesame: ssh answers client one" greeted one $server
if [ -n "$classic" ]; then
  must "client one knocks at Debian's knockd" knocks one $rival
  beside "ssh answers client one" eventually greeted one $rival
fi
step "Sesame is killed" kill_all "$daemon"
beside "it is killed" kill_all "${rival_pid-}"
step "Sesame: the door closes in time: ssh is silent" eventually silent one $server
beside "THE DOOR STAYS OPEN: ssh still answers" still greeted one $rival

title "No daemon runs. Client two knocks"
step "Sesame: client two: ssh is silent" silent two $server
step "client two knocks at Sesame" knocks two $server
step "Sesame: the kernel opened the door: ssh answers client two" greeted two $server
step "Sesame: client one: ssh is silent" silent one $server
if [ -n "$classic" ]; then
  step "client two knocks at Debian's knockd" knocks two $rival
  beside "the door stays closed: ssh is silent" silent two $rival
fi
step "Sesame: the kernel closes the door: ssh is silent again" eventually silent two $server

verdict
