#!/usr/bin/env bash
# Three gateways with a Redis between them: a client knocks at one, and its ssh reaches the others.
# Then the store is killed, a gateway crashes, and all is alike again. Run it by scripts/demo-fleet.
source "$(dirname "${BASH_SOURCE[0]}")/demo/fleet-stage.sh"

title "A fleet: three gateways, a store, and a client that is routed to each of them"
make_network
make_sshd_user
must "keys for ssh" make_keys
must "the fleet gets a key, and the store a user" make_fleet
must "redis listens" start_store
must "three gateways run, each with an sshd" start_gateways
must "the gateways see each other" eventually fleet_is "3 of 3 gateways"
show gw-1 fleet
step "ssh is silent at all three" shut "${gateways[@]}"

title "A knock at one opens at all"
must "the client knocks at gw-1" knocks gw-1
step "ssh reaches gw-3" reaches gw-3
step "ssh reaches gw-2" reaches gw-2
step "gw-3 knows who opened it" says "*FROM*198.51.100.7*gw-1*" gw-3 leases
step "what is closed at gw-2 is closed at all" says "*at 3 of 3 gateways*" gw-2 close ssh --fleet
step "ssh is silent at all three" shut "${gateways[@]}"

title "A knock by key is used once in the whole fleet"
export HOME=$TMPDIR/home XDG_CONFIG_HOME=$TMPDIR/home/config
mkdir -p "$HOME"
must "alice gets a key at gw-1" enrol
must "the other gateways get it, too" copy_users
must "a listener records her packets" record
note "client \$ knock home"
step "she knocks at gw-1: one packet" on client "$knock" home
step "ssh reaches gw-2" reaches gw-2
step "gw-3 knows who holds it" says "*alice/laptop*gw-1*" gw-3 leases
step "it is closed everywhere" says "*at 3 of 3 gateways*" gw-1 close office --fleet
must "the listener has the packet" eventually recorded
step "the listener sends it to gw-2" replay gw-2
step "gw-2 refuses it" eventually refuses gw-2 "refused (re"
step "ssh is silent at all three" shut "${gateways[@]}"
step "gw-1 takes alice out, and names who still accepts her key" says "*gw-2, gw-3 still accept*" \
  gw-1 user remove alice --yes --config "$TMPDIR/gw-1.conf"

title "The store dies: each gateway goes on alone, and says so"
kill_store
step "gw-1 reports it" eventually knows_loss gw-1
show gw-2 fleet
must "the client knocks at gw-2" knocks gw-2
step "ssh reaches gw-2" reaches gw-2
step "ssh is silent at gw-1 and gw-3" shut gw-1 gw-3

title "The store is back, empty: the gateways tell it what they have"
must "redis listens" start_store
step "what gw-2 opened alone is open at gw-1" eventually is_open gw-1
step "ssh reaches gw-1" reaches gw-1
step "ssh reaches gw-3" reaches gw-3

title "A gateway crashes, and obeys what it has missed"
must "the gateways see each other" eventually fleet_is "3 of 3 gateways"
step "gw-2 knows that it is open at all" eventually is_open_at_all gw-2
show gw-2 leases --fleet
crash gw-3
step "ssh still reaches gw-3: its kernel keeps the door open" reaches gw-3
step "gw-1 closes everywhere, and names gw-3" says "*at 2 of 3 gateways; gw-3 *" gw-1 close ssh
step "ssh is silent at gw-1 and gw-2" shut gw-1 gw-2
must "knockd starts again at gw-3" start_gateway gw-3
step "gw-3 has closed it" eventually is_closed gw-3
step "ssh is silent at gw-3" eventually shut gw-3
step "all is closed everywhere" says "*at 3 of 3 gateways*" gw-3 close all --fleet
verdict
