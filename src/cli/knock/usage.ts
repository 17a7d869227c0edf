export const usage = `usage: knock [options] HOST PORT[:PROTOCOL]...
       knock [options] PROFILE [-- COMMAND...]
       knock [options] --proxy HOST PORT [PORT[:PROTOCOL]...]

Sends one packet to each PORT of HOST, in the order given. A PORT is a number or the name
of a service, a PROTOCOL is tcp (taken if there is none) or udp; +300 between two of them
pauses for 300 ms. A PROFILE is a HOST with its PORTs that was saved under a name.

packets
  -u, --udp         send everything by UDP, whatever the ports say
  -d, --delay MS    pause for MS milliseconds from each packet to the next (default: 0; 500
                    is safe on networks that reorder packets)
      --full        complete each TCP connection, or wait 0.9 s for it: for carriers that put
                    a proxy between you and the server
      --payload X   the payload of datagrams: a text, hex:00ff, or @FILE (default: one zero byte)

addresses
  -4, --ipv4        knock at an IPv4 address of HOST
  -6, --ipv6        knock at an IPv6 address of HOST
      --both        knock at one of each at the same time
      --source A    send from this address of this machine
      --interface N send from the address of this interface; the system's routes still
                    choose the path

waiting
      --wait S      wait until the TCP service S of HOST accepts a connection: 22, tcp/22, ssh,
                    or with the time to wait after each knock, 22,10s (default: 5 s)
      --retry N     if it does not, knock up to N times again, after growing pauses
      --keep TIME   keep open a door that closes after TIME (30s, 10m): knock twice in that
                    time, and when the address of this machine changes, until Ctrl-C

afterwards
  -- COMMAND...     run this when the door is open, and exit with its exit code; after HOST and
                    PORTs it needs one of the options that knockd's client lacks
      --proxy       connect standard input and output to PORT of HOST when it is open:
                    ProxyCommand knock --proxy %h %p 7000 8000 9000

profiles
      --list        print the names
      --print NAME  print a profile; the sequence only with --secrets
      --save NAME   save this command line under a name; --force to replace one
      --profile P   use this profile where PROFILE would be ambiguous
  -F, --file FILE   use this file (default: ~/.config/sesame/knock.conf, on Windows
                    %APPDATA%\\sesame\\knock.conf)

output
  -v, --verbose     print each packet as it is sent
  -q, --quiet       print no progress, no warnings and no reason for a failure
      --json        print JSON
  -V, --version     print the version
  -h, --help        print this text

exit codes: 0 all packets are sent and, with --wait, the service accepts a connection; 1 if not,
for wrong usage and after --help; after -- that of COMMAND, 126 or 127 if it cannot be run

examples: knock -v -d 500 gate.example.org 7000 8000:udp 9000
          knock --wait 22 --retry 3 gate.example.org 7000 8000 9000 -- ssh gate.example.org
          knock --wait 22 --save home gate.example.org 7000 8000 9000
          knock home -- ssh gate.example.org
`;
