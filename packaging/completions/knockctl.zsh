#compdef knockctl

# What the daemon says, if it answers at once and may be asked: `_knockctl_ask doors name`.
_knockctl_ask() {
  local -a socket=() found
  local where=${opt_args[--socket]:-${opt_args[-s]:-$before}}
  [[ -n $where ]] && socket=(--socket ${(Q)where})
  found=(${(f)"$(timeout 2 knockctl $1 --json $socket </dev/null 2>/dev/null | grep -o "\"$2\":\"[^\"\\\\]*\"" | sort -u)"})
  found=(${${found#\"$2\":\"}%\"})
  compadd -a found
}

_knockctl_doors() { _knockctl_ask doors name }

_knockctl_addresses() { _knockctl_ask leases source }

_knockctl_closable() {
  local -a all=(all)
  compadd -a all
  _knockctl_doors
  _knockctl_addresses
}

_knockctl_commands() {
  local -a commands=(
    'init:set up doors and protection, step by step'
    'undo:roll back last init'
    'status:show state and problems of knockd'
    'doors:list doors, with services and state'
    'leases:list open doors, with sources and remaining time'
    'fleet:show gateways of fleet, or make fleet key'
    'history:list openings, closings and failures'
    'top:show leases, knocks and problems live on full screen'
    'console:serve page to manage knockd in browser'
    'watch:show log entries as they occur'
    'doctor:find out why knock does not open door'
    'open:open door for address, without knock'
    'extend:keep door open for longer'
    'close:close door, all doors for address, or all doors'
    'forgive:stop ignoring addresses that touched decoys'
    'reload:reload configuration, and show changes'
    'guard:protect services on trial, with automatic rollback'
    'protect:let only open sources reach protected services'
    'unprotect:let all sources reach protected services'
    'check:list errors and likely mistakes of configuration'
    'migrate:convert configuration of knockd 0.8 or fwknopd'
    'replay:run recording through configuration'
    'invite:make page and QR code to knock by phone'
    'client:print commands and profile for clients of door'
    'sequence:make random sequence for door'
    'rotate:give door new random sequence'
    'user:manage devices that open doors by key'
    'help:explain command, or list all commands'
    'version:print version'
  )
  _describe command commands
}

local -a general=('(- *)'{-h,--help}'[print help]' '(-j --json)'{-j,--json}'[print JSON]'
  '--color=[use colours]:when:(auto always never)')
local -a client=($general '(-s --socket)'{-s,--socket=}'[connect to this socket of knockd]:socket:_files')
local curcontext=$curcontext state line before
typeset -A opt_args

# Options may stand before the command.
_arguments -C $client '(- *)'{-V,--version}'[print the version]' \
  '(-): :_knockctl_commands' '(-)*:: :->arguments'
[[ $state == arguments ]] || return
before=${opt_args[--socket]:-$opt_args[-s]}

local command=$words[1]
local config='--config=[use this configuration]:file:_files'

case $command in
  init)
    _arguments $client $config \
      '*--service=[protect this service]:service:(tcp/22 icmp)' \
      "--host=[name this server as clients do]:host:_hosts" \
      '--address=[expect your knock from this address]:address:' \
      '--by=[open new doors in this way]:way:(sequence key both)' \
      '--user=[give a key to this device]:device:' \
      '--output=[write the line for the device to this file]:file:_files' \
      '--steps=[give a sequence this number of ports]:number:' \
      '--open-for=[let a door accept connections for this time]:time:(30s 10m 1h)' \
      '--trial=[wait for the confirmation for this time]:time:(3m 5m 10m)' \
      '--protect-now[protect without a trial]' \
      '--qr=[write the QR code to this file]:file:_files' \
      '--no-proof[skip the test from a network namespace]' \
      '--yes[ask nothing]' \
      '--dry-run[show the changes, and make none]'
    ;;
  undo) _arguments $client $config '--force[restore a changed configuration, too]' ;;
  open) _arguments $client '1:door:_knockctl_doors' '2:address:' '3:for:(for)' '4:time:(30s 10m 1h)' ;;
  extend) _arguments $client '1:door:_knockctl_doors' '2:address:_knockctl_addresses' '3:time:(30s 10m 1h)' '4:time:' ;;
  close)
    _arguments $client '--cut[end established connections, too]' \
      '--here[close only at this gateway]' \
      '--fleet[fail unless all gateways have closed it]' \
      '--forget[mark as closed what could not be closed]' \
      '1:door or address:_knockctl_closable' '2:address:_knockctl_addresses'
    ;;
  history) _arguments $client '--since=[list only this time]:time:(1d 7d 30d)' '1:door:_knockctl_doors' ;;
  forgive) _arguments $client '1:address:(all)' ;;
  guard)
    _arguments $client \
      '--confirm[keep the protection]' \
      '--all[keep it also for unproven services]' \
      '--from-console[confirm at the console]' \
      '--address=[expect your knock from this address]:address:' \
      '--host=[name this server as clients do]:host:' \
      '--for=[wait for the confirmation for this time]:time:(3m 5m 10m)' \
      '*:service:(tcp/22 icmp)'
    ;;
  unprotect) _arguments $client $config ;;
  doctor)
    _arguments $client $config \
      '--dry-run[let the knock open nothing]' \
      '--time=[listen for this time]:time:(0 30s 2m)' \
      '--address=[show only the packets of this address]:address:' \
      '--host=[name this server as clients do]:host:_hosts' \
      '1:door:_knockctl_doors'
    ;;
  leases) _arguments $client '--fleet[list the leases of all gateways]' '1:door:_knockctl_doors' ;;
  fleet) _arguments $client $config '1:action:(key)' ;;
  watch | status | doors) _arguments $client '1:door:_knockctl_doors' ;;
  console)
    _arguments $client \
      '--listen=[listen on this port]:address and port:(127.0.0.1\:7482)' \
      '--socket-file=[listen on this unix socket]:socket:_files' \
      '--read-only[show only]'
    ;;
  top | reload | protect) _arguments $client ;;
  help) _arguments $general '1: :_knockctl_commands' ;;
  version) _arguments $general ;;
  check) _arguments $general '--strict[exit with 2 if there are warnings]' '1:file:_files' ;;
  migrate)
    _arguments $general $config \
      '--no-native[offer no native doors]' \
      '--repair[replace dashes and quotes of a word processor]' \
      '--open-for=[keep a door open for this time]:time:(30s 10m 1h)' \
      '--write[write the file]' \
      '1:file:_files'
    ;;
  replay)
    _arguments $general $config \
      '--source=[show only the packets of this source]:address:' \
      '--address=[take these as the addresses of the recording machine]:addresses:' \
      '--users=[judge knocks by key with this users file]:users file:_files' \
      '1:recording:_files'
    ;;
  invite)
    _arguments $general $config \
      "--host=[name the server, by a name or an address]:host:_hosts" \
      '--url=[link to the page at this address]:url:' \
      '--service=[test this port after the knock]:service:' \
      '--output=[write the page to this file]:file:_files' \
      '--qr=[write the QR code to this file]:file:_files' \
      '--force[overwrite a different file]' \
      '1:door:_knockctl_doors'
    ;;
  client)
    _arguments $general $config \
      "--host=[name the server, by a name or an address]:host:_hosts" \
      '--service=[wait for this service]:service:(tcp/22)' \
      '--qr=[write the QR code to this file]:file:_files' \
      '--force[overwrite the file]' \
      '1:door:_knockctl_doors'
    ;;
  sequence)
    _arguments $general $config \
      '--length=[give the sequence this number of ports]:number:' \
      '--ports=[choose from these ports only]:range:'
    ;;
  rotate)
    _arguments $client $config \
      '--keep-old=[keep the old sequence valid for this time]:time:(0 2d 7d)' \
      '--length=[give the sequence this number of ports]:number:' \
      "--host=[name the server, by a name or an address]:host:_hosts" \
      '--yes[ask nothing]' \
      '--dry-run[show the change, and make none]' \
      '1:door:_knockctl_doors'
    ;;
  user)
    _arguments $client $config \
      '--door=[let the device open this door]:door:_knockctl_doors' \
      '--host=[name this server as the device does]:host:_hosts' \
      '--name=[name the profile]:name:' \
      '--fwknop[make the keys of a fwknop client]' \
      '--lock=[read the lock of a key from standard input]:lock:(-)' \
      '--link=[make a link to the page at this URL]:url:' \
      '--address=[put these addresses into the link]:addresses:' \
      '--force[overwrite a different file (page)]' \
      '--output=[write the line for the device to this file]:file:_files' \
      '--groups=[put the device into these groups]:groups:' \
      '--expires=[end the rights of the device after this day]:day:' \
      '--key=[remove only this key]:key:' \
      '--yes[ask nothing]' \
      '1:action:(add remove list show watch page)' '2:name:'
    ;;
esac
