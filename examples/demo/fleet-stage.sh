# The stage of the demo of a fleet: three gateways with an sshd each, a store, a router and a client.
# shellcheck shell=bash
source "$(dirname "${BASH_SOURCE[0]}")/stage.sh"

gateways=(gw-1 gw-2 gw-3)
store=10.77.0.9
caches=$PWD/node_modules/.cache
export PATH="$PATH:/usr/sbin:/sbin:$caches/redis/usr/bin:$caches/sshd/usr/sbin"

address_of() { echo "10.77.0.${1#gw-}"; }
# Indents what a command prints, with the paths of a gateway as they usually are.
shown() { sed "s|$TMPDIR/gw-[0-9]|/etc/knockd|g; s/^/          /"; }
knockctl() { on "$1" bin/knockctl "${@:2}" --socket "$TMPDIR/$1.sock"; }

# ---- the network: one address of the client, routed to the three gateways without NAT ----

make_network() {
  make_switch
  make_host store $store
  make_host router 10.77.0.254
  ip netns add client
  ip -n client link add eth0 type veth peer name outside netns router
  ip -n client address add 198.51.100.7/24 dev eth0
  ip -n client link set eth0 up
  ip -n client route add default via 198.51.100.1
  ip -n router address add 198.51.100.1/24 dev outside
  ip -n router link set outside up
  on router sysctl -qw net.ipv4.ip_forward=1
  local gateway
  for gateway in "${gateways[@]}"; do
    make_host "$gateway" "$(address_of "$gateway")"
    ip -n "$gateway" route add default via 10.77.0.254
  done
}

# ---- the services ----

# sshd changes to a user of its own before a log-in, and an unpacked one has none.
make_sshd_user() {
  mkdir -p /run/sshd
  grep -q '^sshd:' /etc/passwd && return
  { cat /etc/passwd; echo "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin"; } >"$TMPDIR/passwd"
  mount --bind "$TMPDIR/passwd" /etc/passwd
}

make_keys() {
  local name
  for name in host user; do ssh-keygen -q -t ed25519 -N '' -f "$TMPDIR/$name" || return 1; done
}

# The gateways of one address have one host key.
start_sshd() {
  local sshd parts setting line
  sshd=$(command -v sshd)
  parts=$(dirname "$sshd")/../lib/openssh
  {
    printf '%s\n' "Port 22" "HostKey $TMPDIR/host" "AuthorizedKeysFile $TMPDIR/user.pub" "StrictModes no" \
      "UsePAM no" "PermitRootLogin yes" "PidFile none" "ForceCommand echo you are on $1"
    for setting in SshdSession SshdAuth; do
      line=$parts/$(sed 's/\([a-z]\)\([A-Z]\)/\1-\2/; s/.*/\L&/' <<<$setting)
      [ ! -x "$line" ] || echo "${setting}Path $line"
    done
  } >"$TMPDIR/sshd-$1"
  exec {log}< <(exec ip netns exec "$1" "$sshd" -D -e -f "$TMPDIR/sshd-$1" 2>&1)
  while read -r -t 20 line <&"$log"; do [[ $line != *"listening on 0.0.0.0"* ]] || return 0; done
  return 1
}

# Without files of its own: a store that was killed begins empty.
start_store() {
  local line
  exec {log}< <(exec ip netns exec store redis-server --bind $store --save '' --dir "$TMPDIR" \
    --aclfile "$TMPDIR/users.acl" --maxmemory 128mb --maxmemory-policy noeviction)
  store_process=$!
  while read -r -t 20 line <&"$log"; do
    [[ ${line,,} != *"ready to accept connections"* ]] || return 0
  done
  note "redis | $line"
  return 1
}

kill_store() {
  note "store \$ kill -KILL redis-server"
  kill -KILL "$store_process"
  wait "$store_process" 2>/dev/null || true
}

# The key of the fleet, and the line for the store: as an administrator does it.
make_fleet() {
  configure gw-1
  note "gw-1 \$ knockctl fleet key"
  bin/knockctl fleet key --config "$TMPDIR/gw-1.conf" >"$TMPDIR/said" || return 1
  { grep '^user sesame ' "$TMPDIR/said"; echo "user default off"; } >"$TMPDIR/users.acl"
}

configure() {
  cat >"$TMPDIR/$1.conf" <<END
[options]
  Fleet         = redis://$store
  FleetName     = demo
  GatewayName   = $1
  FleetFile     = $TMPDIR/fleet
  Users         = $TMPDIR/$1.users
  KnockPort     = 23547
  StateDir      = $TMPDIR/$1
  ControlSocket = $TMPDIR/$1.sock
[ssh]
  Sequence = ${sequence:-7312,9140:udp,8455}
  TCPFlags = syn
  Open     = tcp/22
  Open_For = 2m
  Protect  = yes
[office]
  Users    = alice
  Open     = tcp/22
  Open_For = 2m
  Protect  = yes
END
  [ -e "$TMPDIR/$1.users" ] || install -m 600 /dev/null "$TMPDIR/$1.users"
}

declare -A daemons
start_gateway() {
  start_daemon "$1" "$knockd" -i eth0 -c "$TMPDIR/$1.conf" -v
  daemons[$1]=$daemon
  heard "listening on eth0*" || return 1
  # Its lines go on into a file.
  cat <&"$daemon_log" >>"$TMPDIR/$1.log" &
}

start_gateways() {
  local gateway
  for gateway in "${gateways[@]}"; do
    configure "$gateway"
    start_sshd "$gateway" && start_gateway "$gateway" || return 1
  done
}

crash() {
  note "$1 \$ kill -KILL knockd"
  kill -KILL "${daemons[$1]}"
  wait "${daemons[$1]}" 2>/dev/null || true
}

# ---- knocks by key ----

# The client has a profile for gw-1; its key is in the users file of that gateway alone.
enrol() {
  note "gw-1 \$ knockctl user add alice/laptop --door office --host 10.77.0.1"
  knockctl gw-1 user add alice/laptop --door office --host 10.77.0.1 --yes --output "$TMPDIR/invitation" \
    --config "$TMPDIR/gw-1.conf" | grep '^Not known' | shown
  note "client \$ knock --import"
  on client "$knock" --import <"$TMPDIR/invitation" >/dev/null
}

copy_users() {
  local gateway
  for gateway in gw-2 gw-3; do
    note "gw-1 \$ scp -p /etc/knockd.users root@$gateway:/etc/"
    cp "$TMPDIR/gw-1.users" "$TMPDIR/$gateway.users" || return 1
    note "$gateway \$ knockctl reload"
    knockctl "$gateway" reload >/dev/null || return 1
  done
}

# Records what goes to the knock port of gw-1.
record() {
  local line
  exec {recorder}< <(exec ip netns exec gw-1 tcpdump -Z root -U -n --immediate-mode -i eth0 -w "$TMPDIR/pcap" \
    udp port 23547 2>&1)
  while read -r -t 20 line <&"$recorder"; do [[ $line != *"listening on"* ]] || return 0; done
  return 1
}

# The payload of the first packet: behind the headers of the file, of the record, Ethernet, IPv4 and UDP.
recorded() {
  [ "$(stat -c %s "$TMPDIR/pcap")" -gt 100 ] &&
    tail -c +$((24 + 16 + 14 + 20 + 8 + 1)) "$TMPDIR/pcap" >"$TMPDIR/packet" && [ -s "$TMPDIR/packet" ]
}

replay() {
  note "client \$ send the recorded packet to $1"
  # shellcheck disable=SC2016 # The variables are those of the inner shell.
  on client bash -c 'exec dd bs=2048 status=none if="$0" >"/dev/udp/$1/23547"' "$TMPDIR/packet" "$(address_of "$1")"
}

refuses() {
  local line
  line=$(grep -m 1 "$2" "$TMPDIR/$1.log") && note "$1 | $line"
}

# ---- what is seen ----

fleet_is() { [[ $(knockctl gw-1 fleet 2>&1) == "fleet \"demo\": $1"* ]]; }

show() {
  note "$1 \$ knockctl ${*:2}"
  knockctl "$@" | shown
}

# Succeeds if what knockctl prints has this pattern, and shows it.
says() {
  local said
  note "$2 \$ knockctl ${*:3}" | sed "s|$TMPDIR/gw-[0-9]|/etc/knockd|g"
  said=$(knockctl "${@:2}" 2>&1) || true
  shown <<<"$said"
  # shellcheck disable=SC2053 # It is a pattern.
  [[ $said == $1 ]]
}

knocks() {
  note "client \$ knock $(address_of "$1") 7312 9140:udp 8455"
  on client "$knock" "$(address_of "$1")" 7312 9140:udp 8455
}

# A log-in by ssh; a SYN that is dropped is sent again.
reaches() {
  local said
  said=$(timeout 15 ip netns exec client ssh -n -i "$TMPDIR/user" -o BatchMode=yes -o StrictHostKeyChecking=no \
    -o UserKnownHostsFile=/dev/null -o ConnectTimeout=10 "root@$(address_of "$1")" 2>/dev/null)
  note "client \$ ssh $(address_of "$1"): $said"
  [ "$said" = "you are on $1" ]
}

shut() {
  local gateway
  for gateway in "$@"; do silent client "$(address_of "$gateway")" || return 1; done
}

is_open() { [[ $(knockctl "$1" leases 2>&1) == *198.51.100.7* ]]; }
is_open_at_all() { [[ $(knockctl "$1" leases --fleet 2>&1) == *" gw-1, gw-2, gw-3 "* ]]; }
is_closed() { ! is_open "$1"; }
knows_loss() { [[ $(knockctl "$1" status 2>&1) == *"problem: fleet: "* ]]; }
