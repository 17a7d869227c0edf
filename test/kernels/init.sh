#!/bin/bash
# Process 1 of the machine that scripts/old-kernels boots: loads the rules, knocks from a network namespace, and
# prints a line for each result. /rules.nft and /removal.nft are those of rules.ts.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:/busybox
. /machine.sh
mount_all
for module in /modules/*.ko; do insmod "$module" || echo "FAILED: insmod $module"; done
echo "kernel $(uname -r), $(nft --version)"

knock() {
  local to=$1 port
  shift
  for port; do
    case $port in
      u*) here client bash -c "echo >/dev/udp/$to/${port#u}" 2>/dev/null ;;
      *) here client timeout 2 bash -c ": >/dev/tcp/$to/$port" 2>/dev/null ;;
    esac
  done
}

FIRST=10.77.0.2
ip link set lo up
for name in client inner; do ip netns add $name; here $name ip link set lo up; done
ip link add wan type veth peer name eth0 netns client
ip link add lan type veth peer name eth0 netns inner
ip address add 10.77.0.1/24 dev wan
ip address add fd77::1/64 nodad dev wan
ip address add 10.78.0.1/24 dev lan
ip address add fd78::1/64 nodad dev lan
here client ip address add $FIRST/24 dev eth0
here client ip address add fd77::2/64 nodad dev eth0
here inner ip address add 10.78.0.5/24 dev eth0
here inner ip address add fd78::5/64 nodad dev eth0
ip link set wan up
ip link set lan up
here client ip link set eth0 up
here inner ip link set eth0 up
here client ip route add default via 10.77.0.1
here client ip -6 route add default via fd77::1
here inner ip route add default via 10.78.0.1
here inner ip -6 route add default via fd78::1
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding

expect "without rules all pass" open reaches 10.77.0.1 22
expect "the rules load" "" nft -f /rules.nft
expect "the rules load again over themselves" "" nft -f /rules.nft
for port in 22 53 80; do expect "tcp/$port is shut" silent reaches 10.77.0.1 $port; done
expect "tcp/22 is shut over IPv6" silent reaches fd77::1 22
expect "a routed host is shut" silent reaches 10.78.0.5 22
expect "a routed host is shut over IPv6" silent reaches fd78::5 22
expect "a forwarded port is shut" silent reaches 10.77.0.1 2222

knock 10.77.0.1 9140 7003 8455
expect "a wrong order opens nothing" silent reaches 10.77.0.1 22
knock 10.77.0.1 7003 9140 8455
expect "a knock opens tcp/22" open reaches 10.77.0.1 22
expect "and not over IPv6" silent reaches fd77::1 22
knock fd77::1 7003 9140 8455
expect "a knock over IPv6 opens tcp/22" open reaches fd77::1 22
knock 10.77.0.1 u7104 9241 u8556
expect "a knock with UDP opens tcp/53" open reaches 10.77.0.1 53
knock fd77::1 7205
expect "a door with allow opens tcp/80 over IPv6" open reaches fd77::1 80
knock 10.77.0.1 7306 9443
expect "a knock opens a routed host" open reaches 10.78.0.5 22
knock fd77::1 7306 9443
expect "a knock opens a routed host over IPv6" open reaches fd78::5 22
knock 10.77.0.1 7407 9544
expect "a knock opens a forwarded port" open reaches 10.77.0.1 2222
knock fd77::1 7407 9544
expect "a knock opens a forwarded port over IPv6" open reaches fd77::1 2222

here client ip address del $FIRST/24 dev eth0
here client ip address add 10.77.0.3/24 dev eth0
here client ip route add default via 10.77.0.1
expect "tcp/22 is shut for another source" silent reaches 10.77.0.1 22
knock 10.77.0.1 u7104 9241 u8556
expect "deny keeps a source out" silent reaches 10.77.0.1 53
mapfile -t decoys < <(nft list set inet sesame decoys | grep -oE '(tcp|6) \. [0-9]+' | grep -oE '[0-9]+$')
knock 10.77.0.1 "${decoys[@]:0:3}" 7003 9140 8455
expect "three decoys make a scanner" silent reaches 10.77.0.1 22
here client ip address del 10.77.0.3/24 dev eth0
here client ip address add $FIRST/24 dev eth0
here client ip route add default via 10.77.0.1

expect "the rules load over what is open" "" nft -f /rules.nft
expect "what was open is open still" open reaches 10.77.0.1 22
expect "the rules are removed" "" nft -f /removal.nft
expect "then all pass" open reaches 10.77.0.1 80
echo "end"
poweroff -f
