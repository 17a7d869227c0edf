# Completion of knockctl for fish.

# What the daemon says, if it answers at once and may be asked: `__knockctl_ask doors name`.
function __knockctl_ask
    set -l words (commandline -opc)
    set -l socket
    for name in -s --socket
        set -l at (contains -i -- $name $words)
        and set -q words[(math $at + 1)]
        and set socket --socket $words[(math $at + 1)]
    end
    timeout 2 knockctl $argv[1] --json $socket </dev/null 2>/dev/null |
        string match -ra "\"$argv[2]\":\"[^\"\\\\\\\\]*\"" | string replace -r '^"[^"]*":"(.*)"$' '$1' | sort -u
end

# The operands, options and their values aside. The first one is the command.
function __knockctl_operands
    set -l skip 0
    for word in (commandline -opc)[2..]
        if test $skip -eq 1
            set skip 0
        else if contains -- $word -s --socket --color --address --for --config --open-for --source --host --url --users \
                --service --output --steps --trial --qr --length --ports --keep-old --since --time --door --name --lock --link \
                --groups --expires --key --by --user --listen --socket-file
            set skip 1
        else if not string match -q -- '-*' $word
            echo -- $word
        end
    end
end

# `__knockctl_is open close`
function __knockctl_is
    set -l words (__knockctl_operands)
    set -q words[1]; and contains -- $words[1] $argv
end

function __knockctl_begins
    test (count (__knockctl_operands)) -eq 0
end

# How many operands follow the command: `__knockctl_has 0`.
function __knockctl_has
    test (count (__knockctl_operands)) -eq (math $argv[1] + 1)
end

function __knockctl_wants_command
    __knockctl_begins; or begin
        __knockctl_is help; and __knockctl_has 0
    end
end

complete -c knockctl -f
complete -c knockctl -n __knockctl_begins -s V -l version -d 'print the version'
complete -c knockctl -s h -l help -d 'print help'
complete -c knockctl -n __knockctl_wants_command -a init -d 'set up doors and protection, step by step'
complete -c knockctl -n __knockctl_wants_command -a undo -d 'roll back last init'
complete -c knockctl -n __knockctl_wants_command -a status -d 'show state and problems of knockd'
complete -c knockctl -n __knockctl_wants_command -a doors -d 'list doors, with services and state'
complete -c knockctl -n __knockctl_wants_command -a leases -d 'list open doors, with sources and remaining time'
complete -c knockctl -n __knockctl_wants_command -a fleet -d 'show gateways of fleet, or make fleet key'
complete -c knockctl -n __knockctl_wants_command -a history -d 'list openings, closings and failures'
complete -c knockctl -n __knockctl_wants_command -a top -d 'show leases, knocks and problems live on full screen'
complete -c knockctl -n __knockctl_wants_command -a console -d 'serve page to manage knockd in browser'
complete -c knockctl -n __knockctl_wants_command -a watch -d 'show log entries as they occur'
complete -c knockctl -n __knockctl_wants_command -a doctor -d 'find out why knock does not open door'
complete -c knockctl -n __knockctl_wants_command -a open -d 'open door for address, without knock'
complete -c knockctl -n __knockctl_wants_command -a extend -d 'keep door open for longer'
complete -c knockctl -n __knockctl_wants_command -a close -d 'close door, all doors for address, or all doors'
complete -c knockctl -n __knockctl_wants_command -a forgive -d 'stop ignoring addresses that touched decoys'
complete -c knockctl -n __knockctl_wants_command -a reload -d 'reload configuration, and show changes'
complete -c knockctl -n __knockctl_wants_command -a guard -d 'protect services on trial, with automatic rollback'
complete -c knockctl -n __knockctl_wants_command -a protect -d 'let only open sources reach protected services'
complete -c knockctl -n __knockctl_wants_command -a unprotect -d 'let all sources reach protected services'
complete -c knockctl -n __knockctl_wants_command -a check -d 'list errors and likely mistakes of configuration'
complete -c knockctl -n __knockctl_wants_command -a migrate -d 'convert configuration of knockd 0.8 or fwknopd'
complete -c knockctl -n __knockctl_wants_command -a replay -d 'run recording through configuration'
complete -c knockctl -n __knockctl_wants_command -a invite -d 'make page and QR code to knock by phone'
complete -c knockctl -n __knockctl_wants_command -a client -d 'print commands and profile for clients of door'
complete -c knockctl -n __knockctl_wants_command -a sequence -d 'make random sequence for door'
complete -c knockctl -n __knockctl_wants_command -a rotate -d 'give door new random sequence'
complete -c knockctl -n __knockctl_wants_command -a user -d 'manage devices that open doors by key'
complete -c knockctl -n __knockctl_wants_command -a help -d 'explain command, or list all commands'
complete -c knockctl -n __knockctl_wants_command -a version -d 'print version'

complete -c knockctl -s j -l json -d 'print JSON'
complete -c knockctl -l color -x -a 'auto always never' -d 'use colours'
complete -c knockctl -n 'not __knockctl_is check migrate replay invite client sequence help version' -s s -l socket -r -F -d 'connect to this socket of knockd'
complete -c knockctl -n '__knockctl_is open extend invite client rotate; and __knockctl_has 0' -a '(__knockctl_ask doors name)' -d door
complete -c knockctl -n '__knockctl_is close; and __knockctl_has 0' -a all -d everything
complete -c knockctl -n '__knockctl_is forgive; and __knockctl_has 0' -a all -d everything
complete -c knockctl -n '__knockctl_is forgive; and __knockctl_has 0' -a '(__knockctl_ask status source)' -d address
complete -c knockctl -n '__knockctl_is close; and __knockctl_has 0' -a '(__knockctl_ask doors name)' -d door
complete -c knockctl -n '__knockctl_is close; and __knockctl_has 0' -a '(__knockctl_ask leases source)' -d address
complete -c knockctl -n '__knockctl_is close extend; and __knockctl_has 1' -a '(__knockctl_ask leases source)' -d address
complete -c knockctl -n '__knockctl_is open; and __knockctl_has 2' -a for
complete -c knockctl -n '__knockctl_is open; and __knockctl_has 3' -a '30s 10m 1h'
complete -c knockctl -n '__knockctl_is extend; and __knockctl_has 2' -a '30s 10m 1h'
complete -c knockctl -n '__knockctl_is check migrate replay; and __knockctl_has 0' -F
complete -c knockctl -n '__knockctl_is init' -l service -x -a 'tcp/22 icmp' -d 'protect this service'
complete -c knockctl -n '__knockctl_is init' -l host -x -d 'name this server as clients do'
complete -c knockctl -n '__knockctl_is init' -l address -x -d 'expect your knock from this address'
complete -c knockctl -n '__knockctl_is init' -l by -x -a 'sequence key both' -d 'open new doors in this way'
complete -c knockctl -n '__knockctl_is init' -l user -x -d 'give a key to this device'
complete -c knockctl -n '__knockctl_is init' -l output -r -F -d 'write the line for the device to this file'
complete -c knockctl -n '__knockctl_is init' -l steps -x -d 'give a sequence this number of ports'
complete -c knockctl -n '__knockctl_is init' -l open-for -x -a '30s 10m 1h' -d 'let a door accept connections for this time'
complete -c knockctl -n '__knockctl_is init' -l trial -x -a '3m 5m 10m' -d 'wait for the confirmation for this time'
complete -c knockctl -n '__knockctl_is init' -l no-proof -d 'skip the test from a network namespace'
complete -c knockctl -n '__knockctl_is init' -l yes -d 'ask nothing'
complete -c knockctl -n '__knockctl_is init' -l dry-run -d 'show the changes, and make none'
complete -c knockctl -n '__knockctl_is undo' -l force -d 'restore a changed configuration, too'
complete -c knockctl -n '__knockctl_is history watch doctor status doors leases; and __knockctl_has 0' -a '(__knockctl_ask doors name)' -d door
complete -c knockctl -n '__knockctl_is history' -l since -x -a '1d 7d 30d' -d 'list only this time'
complete -c knockctl -n '__knockctl_is console' -l listen -x -a 127.0.0.1:7482 -d 'listen on this port'
complete -c knockctl -n '__knockctl_is console' -l socket-file -r -F -d 'listen on this unix socket'
complete -c knockctl -n '__knockctl_is console' -l read-only -d 'show only'
complete -c knockctl -n '__knockctl_is doctor' -l dry-run -d 'let the knock open nothing'
complete -c knockctl -n '__knockctl_is doctor' -l time -x -a '0 30s 2m' -d 'listen for this time'
complete -c knockctl -n '__knockctl_is doctor' -l address -x -d 'show only the packets of this address'
complete -c knockctl -n '__knockctl_is doctor' -l host -x -d 'name this server as clients do'
complete -c knockctl -n '__knockctl_is close' -l cut -d 'end established connections, too'
complete -c knockctl -n '__knockctl_is close' -l here -d 'close only at this gateway'
complete -c knockctl -n '__knockctl_is close' -l fleet -d 'fail unless all gateways have closed it'
complete -c knockctl -n '__knockctl_is leases' -l fleet -d 'list the leases of all gateways'
complete -c knockctl -n '__knockctl_is fleet; and __knockctl_has 0' -a key -d 'make the key of the fleet'
complete -c knockctl -n '__knockctl_is close' -l forget -d 'mark as closed what could not be closed'
complete -c knockctl -n '__knockctl_is guard' -a 'tcp/22 icmp' -d service
complete -c knockctl -n '__knockctl_is guard' -l confirm -d 'keep the protection'
complete -c knockctl -n '__knockctl_is guard' -l all -d 'keep it also for unproven services'
complete -c knockctl -n '__knockctl_is guard' -l from-console -d 'confirm at the console'
complete -c knockctl -n '__knockctl_is guard' -l address -x -d 'expect your knock from this address'
complete -c knockctl -n '__knockctl_is guard' -l host -x -d 'name this server as clients do'
complete -c knockctl -n '__knockctl_is guard' -l for -x -a '3m 5m 10m' -d 'wait for the confirmation for this time'
complete -c knockctl -n '__knockctl_is init' -l protect-now -d 'protect without a trial'
complete -c knockctl -n '__knockctl_is init invite client' -l qr -r -F -d 'write the QR code to this file'
complete -c knockctl -n '__knockctl_is client rotate' -l host -x -d 'name the server, by a name or an address'
complete -c knockctl -n '__knockctl_is client' -l service -x -a 'tcp/22' -d 'wait for this service'
complete -c knockctl -n '__knockctl_is client' -l force -d 'overwrite the file'
complete -c knockctl -n '__knockctl_is sequence rotate' -l length -x -d 'give the sequence this number of ports'
complete -c knockctl -n '__knockctl_is rotate' -l keep-old -x -a '0 2d 7d' -d 'keep the old sequence valid for this time'
complete -c knockctl -n '__knockctl_is rotate' -l yes -d 'ask nothing'
complete -c knockctl -n '__knockctl_is rotate' -l dry-run -d 'show the change, and make none'
complete -c knockctl -n '__knockctl_is user; and __knockctl_has 0' -a 'add remove list show watch page'
complete -c knockctl -n '__knockctl_is user' -l door -x -a '(__knockctl_ask doors name)' -d 'let the device open this door'
complete -c knockctl -n '__knockctl_is user' -l host -x -d 'name this server as the device does'
complete -c knockctl -n '__knockctl_is user' -l name -x -d 'name the profile'
complete -c knockctl -n '__knockctl_is user' -l fwknop -d 'make the keys of a fwknop client'
complete -c knockctl -n '__knockctl_is user' -l lock -x -a '-' -d 'read the lock of a key from standard input'
complete -c knockctl -n '__knockctl_is user' -l link -x -d 'make a link to the page at this URL'
complete -c knockctl -n '__knockctl_is user' -l address -x -d 'put these addresses into the link'
complete -c knockctl -n '__knockctl_is user' -l force -d 'overwrite a different file (page)'
complete -c knockctl -n '__knockctl_is user' -l output -r -F -d 'write the line for the device to this file'
complete -c knockctl -n '__knockctl_is user' -l groups -x -d 'put the device into these groups'
complete -c knockctl -n '__knockctl_is user' -l expires -x -d 'end the rights of the device after this day'
complete -c knockctl -n '__knockctl_is user' -l key -x -d 'remove only this key'
complete -c knockctl -n '__knockctl_is user' -l yes -d 'ask nothing'
complete -c knockctl -n '__knockctl_is sequence' -l ports -x -d 'choose from these ports only'
complete -c knockctl -n '__knockctl_is doctor fleet init undo unprotect migrate replay invite client sequence rotate user' -l config -r -F -d 'use this configuration'
complete -c knockctl -n '__knockctl_is check' -l strict -d 'exit with 2 if there are warnings'
complete -c knockctl -n '__knockctl_is migrate' -l no-native -d 'offer no native doors'
complete -c knockctl -n '__knockctl_is migrate' -l repair -d 'replace dashes and quotes of a word processor'
complete -c knockctl -n '__knockctl_is migrate' -l open-for -x -a '30s 10m 1h' -d 'keep a door open for this time'
complete -c knockctl -n '__knockctl_is migrate' -l write -d 'write the file'
complete -c knockctl -n '__knockctl_is replay' -l source -x -d 'show only the packets of this source'
complete -c knockctl -n '__knockctl_is replay' -l users -r -F -d 'judge knocks by key with this users file'
complete -c knockctl -n '__knockctl_is replay' -l address -x -d 'take these as the addresses of the recording machine'
complete -c knockctl -n '__knockctl_is invite' -l host -x -d 'name the server, by a name or an address'
complete -c knockctl -n '__knockctl_is invite' -l url -x -d 'link to the page at this address'
complete -c knockctl -n '__knockctl_is invite' -l service -x -d 'test this port after the knock'
complete -c knockctl -n '__knockctl_is invite' -l output -r -F -d 'write the page to this file'
complete -c knockctl -n '__knockctl_is invite' -l force -d 'overwrite a different file'
