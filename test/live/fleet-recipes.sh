#!/usr/bin/env bash
# Tries what docs/fleet.md advises, with real packets: ways to one address of three gateways. Prints a
# line `measured NAME: …` for each, or `skipped NAME: …` where a program is missing.
#
#   SOURCES=N scripts/private test/live/fleet-recipes.sh      knocks from N addresses; 15 without it
source "$(dirname "${BASH_SOURCE[0]}")/../../examples/demo/fleet-stage.sh"

service=203.0.113.1
count=${SOURCES:-15}

measured() { echo "measured $1: ${*:2}"; }

# Sources of the client that knocks and connects.
source_of() { echo "198.51.100.$((100 + $1))"; }

add_service_address() {
  local gateway i
  for gateway in "${gateways[@]}"; do ip -n "$gateway" address add $service/32 dev lo; done
  for ((i = 1; i <= count; i++)); do ip -n client address add "$(source_of "$i")/24" dev eth0; done
}

close_all() { knockctl gw-1 close all >/dev/null; }

open_all() {
  sources | on gw-1 xargs -P 3 -I ADDRESS bin/knockctl open ssh ADDRESS for 2m --socket "$TMPDIR/gw-1.sock" >/dev/null
  sleep 1
}

open_sources() { knockctl "$1" leases --json | grep -o '"source":"[^"]*"' | sort -u | wc -l; }

# Knocks once from each source, and prints how many have the door open.
count_openings() {
  sources | on client xargs -P 3 -I ADDRESS "$knock" -d 20 --source ADDRESS $service 7312 9140:udp 8455 9001:udp
  # A busy machine opens late; where steps go apart, nothing more opens.
  local open=0 deadline=$((SECONDS + 5))
  while [ "$open" != "$count" ] && [ $SECONDS -lt $deadline ]; do open=$(open_sources gw-1 || true); done
  echo "$open"
}

# Prints how many of two connections from each source are greeted by an sshd.
count_greetings() {
  on client node -e '
    const { connect } = require("node:net");
    const [host, ...sources] = process.argv.slice(1);
    const greet = (localAddress) => new Promise((resolve) => {
      const socket = connect({ host, port: 22, localAddress });
      const end = (answer) => { clearTimeout(timer); socket.destroy(); resolve(answer); };
      const timer = setTimeout(() => end(0), 4000);
      socket.on("error", () => end(0)).once("data", () => end(1));
    });
    (async () => {
      const results = await Promise.all(sources.flatMap((one) => Array.from({ length: 2 }, () => greet(one))));
      console.log(results.reduce((sum, one) => sum + one, 0));
    })();' "$@"
}

sources() { local i; for ((i = 1; i <= count; i++)); do source_of "$i"; done; }

# ---- ECMP: the router has a route to each gateway ----

try_ecmp() {
  local policy openings greetings
  ip -n router route replace $service/32 nexthop via 10.77.0.1 nexthop via 10.77.0.2 nexthop via 10.77.0.3
  for policy in 0 1; do
    on router sysctl -qw net.ipv4.fib_multipath_hash_policy=$policy
    openings=$(count_openings)
    # What did not open by its own knock is opened, so that only the way of the connections counts.
    [ "$openings" = "$count" ] || open_all
    # shellcheck disable=SC2046 # They are words.
    greetings=$(count_greetings $service $(sources))
    measured "ecmp-$policy" "$openings of $count knocks opened, $greetings of $((2 * count)) connections were let in"
    close_all
  done
  ip -n router route delete $service/32
}

# ---- a load balancer that keeps the address of the client: nftables, by a hash of the source ----

try_nftables() {
  on router nft -f - <<END
table ip balance {
  chain to-gateway {
    type nat hook prerouting priority dstnat
    ip daddr $service dnat to jhash ip saddr mod 3 map { 0 : 10.77.0.1, 1 : 10.77.0.2, 2 : 10.77.0.3 }
  }
}
END
  local openings greetings
  openings=$(count_openings)
  # shellcheck disable=SC2046 # They are words.
  greetings=$(count_greetings $service $(sources))
  measured nftables "$openings of $count knocks opened, $greetings of $((2 * count)) connections were let in"
  on router nft delete table ip balance
}

# ---- a proxy: the gateways see its address, unless it takes that of the client ----
# The doors are open from the recipe before.

start_haproxy() {
  cat >"$TMPDIR/haproxy" <<END
defaults
  mode tcp
  timeout connect 2s
  timeout client 10s
  timeout server 10s
listen ssh
  bind $service:22
  balance source
  $1
  server gw-1 10.77.0.1:22
  server gw-2 10.77.0.2:22
  server gw-3 10.77.0.3:22
END
  ip netns exec router haproxy -f "$TMPDIR/haproxy" -db >"$TMPDIR/haproxy.log" 2>&1 &
  haproxy=$!
  eventually on router bash -c "exec 3<>/dev/tcp/$service/22" 2>/dev/null
}

try_haproxy() {
  command -v haproxy >/dev/null || { echo "skipped haproxy: it is missing"; return; }
  ip -n router address add $service/32 dev lo
  local greetings
  start_haproxy ""
  # shellcheck disable=SC2046 # They are words.
  greetings=$(count_greetings $service $(sources))
  measured haproxy "$greetings of $((2 * count)) connections were let in"
  kill $haproxy
  wait $haproxy || true
  # With the address of the client, answers must find their way into the proxy.
  ip -n router rule add fwmark 1 lookup 100
  ip -n router route add local default dev lo table 100
  on router nft -f - <<END
table ip transparent {
  chain answers {
    type filter hook prerouting priority mangle
    meta l4proto tcp socket transparent 1 meta mark set 1 accept
  }
}
END
  start_haproxy "source 0.0.0.0 usesrc clientip"
  # shellcheck disable=SC2046 # They are words.
  greetings=$(count_greetings $service $(sources))
  measured haproxy-usesrc "$greetings of $((2 * count)) connections were let in"
  kill $haproxy
  wait $haproxy || true
  on router nft delete table ip transparent
  ip -n router address delete $service/32 dev lo
  close_all
}

# ---- VRRP: keepalived moves one address ----

start_keepalived() {
  cat >"$TMPDIR/keepalived-$1" <<END
global_defs {
  router_id $1
}
vrrp_instance gateways {
  interface eth0
  state BACKUP
  virtual_router_id 51
  priority $2
  advert_int 1
  virtual_ipaddress {
    10.77.0.100/24
  }
}
END
  ip netns exec "$1" keepalived -n -l -P -f "$TMPDIR/keepalived-$1" -p "$TMPDIR/$1.pid" -r "$TMPDIR/$1.vrrp" \
    >"$TMPDIR/keepalived-$1.log" 2>&1 &
  disown
}

has_virtual() { [[ $(ip -n "$1" address show dev eth0) == *10.77.0.100* ]]; }
greets() { greeted_by client 10.77.0.100; }
greeted_by() {
  local line
  line=$(timeout 1 ip netns exec "$1" bash -c "exec 3<>/dev/tcp/$2/22 && head -n 1 <&3" 2>&1) && [[ $line = SSH-2.0-* ]]
}

try_vrrp() {
  command -v keepalived >/dev/null || { echo "skipped vrrp: keepalived is missing"; return; }
  start_keepalived gw-1 150
  eventually has_virtual gw-1 || { echo "FAILED  gw-1 has not taken the address"; return 1; }
  start_keepalived gw-2 100
  on client "$knock" 10.77.0.100 7312 9140:udp 8455 9001:udp
  eventually greets || { echo "FAILED  the knock has not opened"; return 1; }
  local begin end
  ip -n gw-1 link set eth0 down
  begin=$(date +%s%3N)
  eventually greets || { echo "FAILED  gw-2 lets nothing in"; return 1; }
  end=$(date +%s%3N)
  has_virtual gw-2 || { echo "FAILED  gw-2 has not the address"; return 1; }
  measured vrrp "gw-2 let the client in $((end - begin)) ms after gw-1 was cut off, without another knock"
}

make_network
make_sshd_user
make_keys
make_fleet
start_store
export sequence=7312,9140:udp,8455,9001:udp
start_gateways >/dev/null
add_service_address
eventually fleet_is "3 of 3 gateways"
try_ecmp
try_nftables
try_haproxy
try_vrrp
