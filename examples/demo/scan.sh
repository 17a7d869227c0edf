#!/usr/bin/env bash
# A scan of ports in their order, at Sesame and at Debian's knockd with the same doors.
source "$(dirname "${BASH_SOURCE[0]}")/rival.sh"

last=4000

shut() { on "$1" iptables -A INPUT -p tcp --dport 22 -j DROP; }

# Begins a connection to each port, in their order, and gives it up.
scan() {
  note "two \$ scan $1, ports 1 to $last"
  on two node -e '
    const [host, last] = process.argv.slice(1);
    let port = 0;
    const next = () => {
      if (++port > Number(last)) return;
      const socket = require("node:net").connect(port, host);
      const end = () => { clearTimeout(timer); socket.destroy(); next(); };
      const timer = setTimeout(end, 50);
      socket.on("error", end).on("connect", end);
    };
    next();' "$1" $last
}

title "A scan of ports 1 to $last, in their order"
note "Both servers have the doors openSSH (1111,2222,3333) and closeSSH of the tutorials."
make_world
shut server
shut rival
sed -n '/openSSH/,/openICMP/{/openICMP/!p}' examples/tutorial.conf >"$TMPDIR/doors"
{ printf '[options]\n'; cat "$TMPDIR/doors"; } >"$TMPDIR/knockd.conf"
start_daemon server "$knockd" -i eth0 -c "$TMPDIR/knockd.conf" -v
must "Sesame listens" heard "listening on eth0*"
[ -z "$classic" ] || must "Debian's knockd listens" start_classic "$TMPDIR/doors"
step "Sesame: the scanner's ssh is silent before the scan" silent two $server
step "client two scans Sesame" scan $server
step "Sesame: the scanner's ssh stays silent" silent two $server
if [ -n "$classic" ]; then
  step "client two scans Debian's knockd" scan $rival
  beside "THE SCAN OPENED THE DOOR: ssh answers the scanner" greeted two $rival
fi
note "one \$ knock $server 1111 2222 3333"
step "client one knocks at Sesame" on one "$knock" $server 1111 2222 3333
step "Sesame: ssh answers client one" greeted one $server
step "Sesame: the scanner's ssh is still silent" silent two $server

verdict
