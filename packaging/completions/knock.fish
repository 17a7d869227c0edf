# Completion of knock for fish.

function __knock_profiles
    set -l words (commandline -opc)
    set -l file
    for option in -F --file
        set -l at (contains -i -- $option $words)
        and set -q words[(math $at + 1)]
        and set file -F $words[(math $at + 1)]
    end
    timeout 2 knock $file --list --json </dev/null 2>/dev/null |
        string match -ra '"name":"[^"\\\\]*"' | string replace -r '^"name":"(.*)"$' '$1'
end

function __knock_interfaces
    string replace -r '.*/' '' /sys/class/net/*
end

# A HOST or PROFILE stands first; the rest are ports.
function __knock_needs_host
    set -l words (commandline -opc)[2..]
    for word in $words
        string match -q -- '-*' $word; or return 1
    end
end

function __knock_after_dashes
    contains -- -- (commandline -opc)
end

# What the command after -- may become.
function __knock_command
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words)
    set -l rest (string escape -- $words[(math $at + 1)..]) (commandline -ct)
    complete -C (string join ' ' -- $rest)
end

complete -c knock -f
complete -c knock -n __knock_needs_host -a '(__knock_profiles)' -d profile
complete -c knock -n __knock_needs_host -a '(__fish_print_hostnames)' -d host
complete -c knock -n __knock_after_dashes -a '(__knock_command)'
complete -c knock -s u -l udp -d 'send all packets by UDP'
complete -c knock -s d -l delay -x -d 'pause between two packets, in milliseconds'
complete -c knock -l full -d 'complete TCP connections, or wait 0.9 s for them'
complete -c knock -l payload -x -d 'send this in datagrams: a text, hex:00ff or @FILE'
complete -c knock -s 4 -l ipv4 -d 'knock at an IPv4 address'
complete -c knock -s 6 -l ipv6 -d 'knock at an IPv6 address'
complete -c knock -l both -d 'knock at one address of each family'
complete -c knock -l source -x -d 'send from this address'
complete -c knock -l interface -x -a '(__knock_interfaces)' -d 'send from the address of this interface'
complete -c knock -l wait -x -a '22 ssh 80 443' -d 'wait until this TCP service accepts a connection'
complete -c knock -l retry -x -d 'knock again, up to this many times'
complete -c knock -l keep -x -a '30s 1m 10m 1h' -d 'keep a door open that closes after this time'
complete -c knock -l proxy -d 'connect standard input and output to the port'
complete -c knock -l import -d 'read a sesame: line from standard input'
complete -c knock -l name -x -a '(__knock_profiles)' -d 'name the profile of --import'
complete -c knock -l request -x -a '(__knock_profiles)' -d 'make a key here, and print its lock1: line'
complete -c knock -l sequence -d 'use the sequence, not the key'
complete -c knock -l list -d 'print the names of the profiles'
complete -c knock -l print -x -a '(__knock_profiles)' -d 'print a profile'
complete -c knock -l secrets -d 'print the sequence and the key, too'
complete -c knock -l save -x -a '(__knock_profiles)' -d 'save this command line as a profile'
complete -c knock -l force -d 'replace a profile or a key'
complete -c knock -l profile -x -a '(__knock_profiles)' -d 'use this profile'
complete -c knock -s F -l file -r -F -d 'read profiles from this file'
complete -c knock -s v -l verbose -d 'print each packet before it leaves'
complete -c knock -s q -l quiet -d 'print no messages'
complete -c knock -l json -d 'print JSON'
complete -c knock -s V -l version -d 'print the version'
complete -c knock -s h -l help -d 'print help'
