export const usage = `usage: knock [options] HOST PORT[:PROTOCOL]...
       knock [options] PROFILE [-- COMMAND...]
       knock [options] --proxy HOST PORT [PORT[:PROTOCOL]...]

Sends one packet to each PORT of HOST, in the order given. A PORT is a number or the name
of a service, a PROTOCOL is tcp (taken if there is none) or udp; +300 between two of them
pauses for 300 ms. A PROFILE is a HOST with its PORTs that was saved under a name.

what is sent
  -u, --udp         send everything by UDP, whatever the ports say
  -d, --delay MS    pause for MS milliseconds from each packet to the next (none by default;
                    where packets may overtake each other on the way, 500 is safe)
      --full        let TCP connections be made, or wait 0.9 s for them: for carriers that
                    put a proxy between you and the server
      --payload X   what datagrams carry: a text, hex:00ff, or @FILE (by default one zero byte)

to where, and from where
  -4, --ipv4        knock at an IPv4 address of HOST
  -6, --ipv6        knock at an IPv6 address of HOST
      --both        knock at one of each at the same time
      --source A    send from this address of this machine
      --interface N send from the address of this interface; the system's routes still
                    say which way the packets go

did it work?
      --wait S      wait until the TCP service S of HOST lets us in: 22, tcp/22, ssh, or
                    with the time to wait after each knock, 22,10s (by default 5 s)
      --retry N     if it does not, knock up to N times again, after growing pauses
      --keep TIME   keep open a door that closes after TIME (30s, 10m): knock twice in that
                    time, and when the address of this machine changes, until Ctrl-C

and then
  -- COMMAND...     run this once the door is open, and exit as it does; after HOST and
                    PORTs it needs one of the options that knockd's client does not have
      --proxy       connect standard input and output with PORT of HOST once it is open:
                    ProxyCommand knock --proxy %h %p 7000 8000 9000

profiles
      --list        show the names
      --print NAME  show a profile; the sequence is kept back unless --secrets is given
      --save NAME   save this command line under a name; --force to replace one
      --profile P   use this profile, where a PROFILE alone cannot stand
  -F, --file FILE   another file than ~/.config/sesame/knock.conf (on Windows
                    %APPDATA%\\sesame\\knock.conf)

what is said
  -v, --verbose     name each packet as it is sent
  -q, --quiet       no progress, no warnings, no reason why it failed: the exit code alone
      --json        an object for scripts
  -V, --version     print the version
  -h, --help        print this text

exit codes: 0 all packets are sent and, with --wait, the service lets us in; 1 if not, for
wrong usage and after --help; after -- that of COMMAND, 126 or 127 if it cannot be run

examples: knock -v -d 500 gate.example.org 7000 8000:udp 9000
          knock --wait 22 --retry 3 gate.example.org 7000 8000 9000 -- ssh gate.example.org
          knock --wait 22 --save home gate.example.org 7000 8000 9000
          knock home -- ssh gate.example.org
`;
