#compdef knockd

_knockd_interfaces() {
  local -a names=(any /sys/class/net/*(N:t))
  compadd -a names
}

_arguments -s -S \
  '(-i --interface)'{-i+,--interface=}'[listen on this interface]:interface:_knockd_interfaces' \
  '(-c --config)'{-c+,--config=}'[read this configuration]:file:_files' \
  '(-d --daemon)'{-d,--daemon}'[run in the background]' \
  '(-p --pidfile)'{-p+,--pidfile=}'[write the process number to this file]:file:_files' \
  '(-g --logfile)'{-g+,--logfile=}'[write the log to this file]:file:_files' \
  '(-l --lookup)'{-l,--lookup}'[add the host names of sources to the log]' \
  '(-4 --only-ip-v4)'{-4,--only-ip-v4}'[ignore IPv6]' \
  '(-t --test)'{-t,--test}'[check the configuration]' \
  '(-v --verbose)'{-v,--verbose}'[show events on the terminal]' \
  '(-D --debug)'{-D,--debug}'[show each packet and its effect]' \
  '--dry-run[open nothing: show what would be opened]' \
  '(- *)'{-V,--version}'[print the version]' \
  '(- *)'{-h,--help}'[print help]'
