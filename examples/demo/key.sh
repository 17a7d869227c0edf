#!/usr/bin/env bash
# A knock by key, and its packet again: from another client, and from the same one.
source "$(dirname "${BASH_SOURCE[0]}")/stage.sh"

seconds=6
packet=$TMPDIR/packet

knockctl() { on server bin/knockctl "$@"; }

enrol() {
  note "server \$ knockctl user add alice/laptop --door ssh --host $server"
  knockctl user add alice/laptop --door ssh --host $server --yes --output "$TMPDIR/invitation" \
    --config "$TMPDIR/knockd.conf" >"$TMPDIR/said" 2>&1 || { cat "$TMPDIR/said"; return 1; }
  note "one \$ knock --import"
  on one "$knock" --import <"$TMPDIR/invitation" >/dev/null
}

# Client two is on the way and records what client one sends.
record() {
  exec {recorder}< <(exec ip netns exec one tcpdump -Z root -U -n --immediate-mode -i eth0 -w "$TMPDIR/pcap" \
    udp port 23547 2>&1)
  local line
  while read -r -t 20 line <&"$recorder"; do [[ $line != *"listening on"* ]] || return 0; done
  return 1
}

# The payload of the first packet in the recording: behind the headers of the file, of the record,
# of Ethernet, IPv4 and UDP.
recorded() { [ "$(stat -c %s "$TMPDIR/pcap")" -gt 100 ] && tail -c +$((24 + 16 + 14 + 20 + 8 + 1)) "$TMPDIR/pcap" >"$packet" && [ -s "$packet" ]; }

replay() {
  note "$1 \$ replay the $(stat -c %s "$packet") bytes to UDP port 23547"
  # shellcheck disable=SC2016 # The variables are those of the inner shell.
  on "$1" bash -c 'exec dd bs=2048 status=none if="$0" >"/dev/udp/$1/23547"' "$packet" $server
}

title "A knock by key, and its packet again"
make_switch
make_host server $server
make_host one 10.77.0.11
make_host two 10.77.0.12
must "the server listens on port 22" listen server
export HOME=$TMPDIR/home XDG_CONFIG_HOME=$TMPDIR/home/config
mkdir -p "$HOME"
printf '[options]\nKnockPort = 23547\nUsers = %s\n[ssh]\nusers = alice\nopen = tcp/22\nopen_for = %s\nprotect = yes\n' \
  "$TMPDIR/users" ${seconds}s >"$TMPDIR/knockd.conf"
start_daemon server "$knockd" -i eth0 -c "$TMPDIR/knockd.conf" -v
must "Sesame listens" heard "listening on eth0*"
must "client one gets a key" enrol
step "client one: ssh is silent" silent one
must "a listener records the packets of client one" record
note "one \$ knock home"
step "client one knocks: one packet" on one "$knock" home
step "Sesame: the door opens" heard "*OPEN SESAME*"
step "client one: ssh answers" greeted one
must "the listener has the packet" eventually recorded
step "the listener sends it again" replay two
step "Sesame refuses it" heard "*refused (repeated-elsewhere)*"
step "the listener's ssh is silent" silent two
step "the door closes: client one: ssh is silent" eventually silent one
step "the listener sends it once more, from the address of client one" replay one
step "the door stays closed" silent one

verdict
