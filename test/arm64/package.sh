#!/bin/bash
# Runs in a small Debian for arm64, by qemu, for scripts/test-arm64: prints a line for each result.
#
#   package.sh install|purge      in this order; /sesame-knock.deb is the package
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive
. /machine.sh
mount -t proc proc /proc

# All files but those that dpkg and debconf keep for themselves.
files() {
  find /etc /run /tmp /usr /var -path /var/lib/dpkg -prune -o -print |
    grep -vE '^/etc/(mtab|ld.so.cache)|^/var/(log/(dpkg|alternatives|apt)|cache/debconf)' | sort
}

# Prints the errors that knockd -t finds in a door with this line, and the code that it ends with.
judge() {
  local code=0
  printf '[door]\n  sequence = 7003,9140,8455\n  tcpflags = syn\n  %s\n' "$1" >/door.conf
  knockd -t -c /door.conf >/said 2>&1 || code=$?
  grep error /said
  echo $code
}

# Knocks at this host, where a process listens at three ports. Prints those that the knock reaches.
reached() {
  perl -MIO::Socket::INET -MIO::Select -e '
    my @ports = ([7003, "tcp", Listen => 1], [9140, "tcp", Listen => 1], [8455, "udp"]);
    my $silent = IO::Select->new(map {
      my ($port, $protocol, @listen) = @$_;
      IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Proto => $protocol, @listen) or die $@;
    } @ports);
    system("knock", "127.0.0.1", @ARGV);
    my @reached;
    while (my @ready = $silent->can_read(5)) {
      push @reached, map { $_->sockport } @ready;
      $silent->remove(@ready);
    }
    print join(" ", sort @reached);
  ' "$@"
}

case $1 in
  install)
    files >/files
    expect "dpkg installs the package" yes succeeds dpkg -i /sesame-knock.deb
    expect "it is one for arm64" "installed arm64" dpkg-query -W -f '${db:Status-Status} ${Architecture}' sesame-knock
    version=$(dpkg-query -W -f '${Version}' sesame-knock)
    for program in knockd knock; do
      expect "$program --version" "$program 0.8 (Sesame $version)" $program --version
    done
    expect "knockctl --version" "knockctl (Sesame $version)" knockctl --version
    expect "knockctl check accepts the configuration of the package" yes succeeds knockctl check
    expect "knockd -t accepts a configuration" 0 judge "open = tcp/2200"
    error='/door.conf:4:3: syntax error: unknown directive "opne"'
    expect "knockd -t rejects one with an error" "$error"$'\n1' judge "opne = tcp/2200"
    expect "knock reaches three ports" "7003 8455 9140" reached 7003 9140 8455:udp
    ;;
  purge)
    expect "dpkg purges the package" yes succeeds dpkg --purge sesame-knock
    expect "it leaves nothing behind" "" diff /files <(files)
    ;;
esac
echo "end"
