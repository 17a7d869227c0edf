#compdef knockd

_knockd_interfaces() {
  local -a names=(any /sys/class/net/*(N:t))
  compadd -a names
}

_arguments -s -S \
  '(-i --interface)'{-i+,--interface=}'[listen on this interface]:interface:_knockd_interfaces' \
  '(-c --config)'{-c+,--config=}'[read this configuration]:file:_files' \
  '(-d --daemon)'{-d,--daemon}'[go to the background once everything is ready]' \
  '(-p --pidfile)'{-p+,--pidfile=}'[with -d, write the process number here]:file:_files' \
  '(-g --logfile)'{-g+,--logfile=}'[write a log to this file]:file:_files' \
  '(-l --lookup)'{-l,--lookup}'[name the hosts that knock in the log]' \
  '(-4 --only-ip-v4)'{-4,--only-ip-v4}'[ignore IPv6]' \
  '(-t --test)'{-t,--test}'[check the configuration]' \
  '(-v --verbose)'{-v,--verbose}'[show on the terminal what happens]' \
  '(-D --debug)'{-D,--debug}'[show every packet and decision]' \
  '--dry-run[open nothing: show what would be opened]' \
  '(- *)'{-V,--version}'[print the version]' \
  '(- *)'{-h,--help}'[print a short text]'
