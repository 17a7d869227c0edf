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
  '(-u --udp)'{-u,--udp}'[send all packets by UDP]' \
  '(-d --delay)'{-d+,--delay=}'[pause between two packets, in milliseconds]:milliseconds:' \
  '--full[complete TCP connections, or wait 0.9 s for them]' \
  '--payload=[send this in datagrams]:text, hex\:00ff or @FILE:' \
  '(-4 --ipv4 -6 --ipv6 --both)'{-4,--ipv4}'[knock at an IPv4 address]' \
  '(-4 --ipv4 -6 --ipv6 --both)'{-6,--ipv6}'[knock at an IPv6 address]' \
  '(-4 --ipv4 -6 --ipv6)--both[knock at one address of each family]' \
  '--source=[send from this address]:address:' \
  '--interface=[send from the address of this interface]:interface:_knock_interfaces' \
  '--wait=[wait until this TCP service accepts a connection]:service:(22 ssh 80 443)' \
  '--retry=[knock again, up to this many times]:times:' \
  '--keep=[keep a door open that closes after this time]:time:(30s 1m 10m 1h)' \
  '--proxy[connect standard input and output to the port]' \
  '--import[read a sesame\: line from standard input]' \
  '--name=[name the profile of --import]:profile:_knock_profiles' \
  '--request=[make a key here, and print its lock1\: line]:profile:_knock_profiles' \
  '--sequence[use the sequence, not the key]' \
  '--list[print the names of the profiles]' \
  '--print=[print a profile]:profile:_knock_profiles' \
  '--secrets[print the sequence and the key, too]' \
  '--save=[save this command line as a profile]:profile:_knock_profiles' \
  '--force[replace a profile or a key]' \
  '--profile=[use this profile]:profile:_knock_profiles' \
  '(-F --file)'{-F+,--file=}'[read profiles from this file]:file:_files' \
  '(-v --verbose)'{-v,--verbose}'[print each packet before it leaves]' \
  '(-q --quiet)'{-q,--quiet}'[print no messages]' \
  '--json[print JSON]' \
  '(- *)'{-V,--version}'[print the version]' \
  '(- *)'{-h,--help}'[print help]' \
  '1:host or profile:_knock_targets' \
  '*:port:'
