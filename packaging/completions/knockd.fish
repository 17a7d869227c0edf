# Completion of knockd for fish.

complete -c knockd -f
complete -c knockd -s i -l interface -x -a "any (string replace -r '.*/' '' /sys/class/net/*)" -d 'listen on this interface'
complete -c knockd -s c -l config -r -F -d 'read this configuration'
complete -c knockd -s d -l daemon -d 'run in the background'
complete -c knockd -s p -l pidfile -r -F -d 'write the process number to this file'
complete -c knockd -s g -l logfile -r -F -d 'write the log to this file'
complete -c knockd -s l -l lookup -d 'add the host names of sources to the log'
complete -c knockd -s 4 -l only-ip-v4 -d 'ignore IPv6'
complete -c knockd -s t -l test -d 'check the configuration'
complete -c knockd -s v -l verbose -d 'show events on the terminal'
complete -c knockd -s D -l debug -d 'show each packet and its effect'
complete -c knockd -l dry-run -d 'open nothing; show commands and openings'
complete -c knockd -s V -l version -d 'print the version'
complete -c knockd -s h -l help -d 'print help'
