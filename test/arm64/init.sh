#!/bin/bash
# Process 1 of the machine that scripts/test-arm64 boots, where the package is installed: runs knockd, knocks from a
# network namespace, and prints a line for each result.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive
. /machine.sh
mount_all
echo "kernel $(uname -r), $(uname -m)"

exists() { if [ -e "$1" ]; then echo yes; else echo no; fi; }

# Runs the rest of its words until they print what is expected, for two minutes at most.
becomes() {
  local wanted=$1 found deadline=$((SECONDS + 120))
  shift
  until found=$("$@" 2>&1) && [ "$found" = "$wanted" ] || [ $SECONDS -ge $deadline ]; do sleep 1; done
  echo "$found"
}

knock() { here client knock 10.77.0.1 "$@"; }
# Prints how often knockd has opened the native door itself. knockctl would take ten seconds here.
openings() { grep -c "native: open for" /run/knockd.log; }
chains() { nft list chains | grep -c chain; }

ip netns add client
ip link add wan type veth peer name eth0 netns client
ip address add 10.77.0.1/24 dev wan
here client ip address add 10.77.0.2/24 dev eth0
ip link set lo up
ip link set wan up
here client ip link set eth0 up

cat >/etc/knockd.conf <<'END'
[options]
  Interface = wan
  LogFile   = /run/knockd.log
[native]
  sequence = 7003,9140,8455
  tcpflags = syn
  open     = tcp/2200
  open_for = 30s
  protect  = yes
[command]
  sequence      = 7104,9241:udp,8556
  tcpflags      = syn
  start_command = touch /run/opened-%IP%
  cmd_timeout   = 30s
  stop_command  = rm /run/opened-%IP%
END

expect "without knockd the port is open" open reaches 10.77.0.1 2200
expect "knockd -t accepts the configuration" yes succeeds knockd -t
expect "the script of init starts knockd" yes succeeds /etc/init.d/knockd start
expect "then the port is closed" silent reaches 10.77.0.1 2200

expect "a wrong order is sent" yes succeeds knock 9140 7003 8455
expect "and opens nothing" silent reaches 10.77.0.1 2200
expect "a knock is sent" yes succeeds knock 7003 9140 8455
expect "and opens the port" open becomes open reaches 10.77.0.1 2200
expect "knockd has seen it, too" 1 becomes 1 openings
expect "after its time the port is closed" silent becomes silent reaches 10.77.0.1 2200

expect "a knock at a door of commands is sent" yes succeeds knock 7104 9241:udp 8556
expect "and its command runs" yes becomes yes exists /run/opened-10.77.0.2
expect "after its time the other command runs" no becomes no exists /run/opened-10.77.0.2

kill -STOP "$(cat /run/knockd.pid)"
expect "a knock is sent while knockd hangs" yes succeeds knock 7003 9140 8455
expect "and the kernel opens the port" open reaches 10.77.0.1 2200
kill -CONT "$(cat /run/knockd.pid)"
expect "knockd sees it when it runs again" 2 becomes 2 openings

expect "the script of init stops knockd" yes succeeds /etc/init.d/knockd stop
expect "what was open closes without it" silent becomes silent reaches 10.77.0.1 2200
expect "knockctl ends the protection" yes succeeds knockctl unprotect
expect "and leaves no chain of rules" 0 chains
expect "then the port is open" open reaches 10.77.0.1 2200
expect "dpkg purges the package" yes succeeds dpkg --purge sesame-knock
expect "and it leaves nothing in the firewall" "" nft list ruleset
echo "end"
echo o >/proc/sysrq-trigger
sleep infinity
