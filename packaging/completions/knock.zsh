#compdef knock

_knock_profiles() {
  local -a file=() found
  local value=${opt_args[-F]:-${opt_args[--file]}}
  [[ -n $value ]] && file=(-F ${(Q)value})
  found=(${(f)"$(timeout 2 knock $file --list --json </dev/null 2>/dev/null | grep -o '"name":"[^"\\]*"')"})
  found=(${${found#\"name\":\"}%\"})
  compadd -a found
}

_knock_targets() {
  _alternative 'profiles:profile:_knock_profiles' 'hosts:host:_hosts'
}

_knock_interfaces() {
  local -a names=(/sys/class/net/*(N:t))
  compadd -a names
}

# A command after --, once there is a host.
local dashes=${words[(I)--]}
if ((dashes > 2 && dashes < CURRENT)); then
  words=("${(@)words[dashes + 1,-1]}")
  ((CURRENT -= dashes))
  _normal
  return
fi

_arguments -s \
  '(-u --udp)'{-u,--udp}'[send everything by UDP]' \
  '(-d --delay)'{-d+,--delay=}'[milliseconds from each packet to the next]:milliseconds:' \
  '--full[let TCP connections be made, or wait 0.9 s for them]' \
  '--payload=[what datagrams carry]:text, hex\:00ff or @FILE:' \
  '(-4 --ipv4 -6 --ipv6 --both)'{-4,--ipv4}'[knock at an IPv4 address]' \
  '(-4 --ipv4 -6 --ipv6 --both)'{-6,--ipv6}'[knock at an IPv6 address]' \
  '(-4 --ipv4 -6 --ipv6)--both[knock at one of each at the same time]' \
  '--source=[send from this address]:address:' \
  '--interface=[send from the address of this interface]:interface:_knock_interfaces' \
  '--wait=[wait until this TCP service lets us in]:service:(22 ssh 80 443)' \
  '--retry=[knock so many times again]:times:' \
  '--keep=[keep open a door that closes after this time]:time:(30s 1m 10m 1h)' \
  '--proxy[connect standard input and output with the port]' \
  '--import[read a sesame\: line from standard input]' \
  '--name=[with --import, the name of the profile]:profile:_knock_profiles' \
  '--request=[make a key here, and print its lock1\: line]:profile:_knock_profiles' \
  '--sequence[knock by the sequence, not by the key]' \
  '--list[show the names of the profiles]' \
  '--print=[show a profile]:profile:_knock_profiles' \
  '--secrets[with --print, the sequence and the key, too]' \
  '--save=[save this command line under a name]:profile:_knock_profiles' \
  '--force[with --save, replace a profile]' \
  '--profile=[use this profile]:profile:_knock_profiles' \
  '(-F --file)'{-F+,--file=}'[another file of profiles]:file:_files' \
  '(-v --verbose)'{-v,--verbose}'[name each packet as it is sent]' \
  '(-q --quiet)'{-q,--quiet}'[say nothing]' \
  '--json[print an object for scripts]' \
  '(- *)'{-V,--version}'[print the version]' \
  '(- *)'{-h,--help}'[print a short text]' \
  '1:host or profile:_knock_targets' \
  '*:port:'
