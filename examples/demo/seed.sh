#!/usr/bin/env bash
# The main job of port knocking, with the doors of the tutorials: a server drops ssh and pings, and
# one of two clients knocks. KNOCKD and KNOCK name another daemon and client with the same options.
source "$(dirname "${BASH_SOURCE[0]}")/stage.sh"

make_world() {
  make_switch
  make_host server $server
  make_host one 10.77.0.11
  make_host two 10.77.0.12
  on server iptables -A INPUT -p tcp --dport 22 -j DROP
  on server iptables -A INPUT -p icmp --icmp-type echo-request -j DROP
}

configure() {
  # The log file goes where nothing is left behind.
  sed "s|^\([[:space:]]*logfile = \).*|\1$TMPDIR/knockd.log|" examples/tutorial.conf >"$TMPDIR/knockd.conf"
  start_daemon server "$knockd" -i eth0 -c "$TMPDIR/knockd.conf" -v
}

# knocks CLIENT DOOR PORT...: the client knocks, and the daemon runs the command of the door.
knocks() {
  note "$1 \$ knock $server ${*:3}"
  timeout 10 ip netns exec "$1" "$knock" $server "${@:3}" && heard "*$2: OPEN SESAME*" && heard "*$2: running command: *"
}

title "A server listens on port 22. Its firewall drops ssh and pings"
make_world
must "the server listens" listen server
configure
must "knockd listens" heard "listening on eth0*"
step "client one: ssh is silent" silent one
step "client two: ssh is silent" silent two
step "client one: ping gets no answer" unanswered one
step "client two: ping gets no answer" unanswered two

title "Client one knocks for ssh"
step "knockd sees it and runs the command" knocks one openSSH 1111 2222 3333
step "client one: ssh answers" greeted one
step "client two: ssh stays silent" silent two
step "client one: ping still gets no answer" unanswered one

title "Client one knocks for ping"
step "knockd sees it and runs the command" knocks one openICMP 1212 1313 1414
step "client one: ping gets an answer" eventually answered one
step "client two: ping gets no answer" unanswered two

title "Client one knocks to close both doors"
step "knockd sees it and runs the command" knocks one closeICMP 1515 1616 1717
step "client one: ping gets no answer" eventually unanswered one
step "client one: ssh still answers" greeted one
step "knockd sees it and runs the command" knocks one closeSSH 3333 2222 1111
step "client one: ssh is silent again" eventually silent one

title "knockd is stopped"
step "it ends with knockd's exit code" stop_daemon

verdict
