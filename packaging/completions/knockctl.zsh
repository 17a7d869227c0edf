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
    'init:set up a protected server, step by step'
    'undo:roll back the last init'
    'status:show the state of knockd, and its problems'
    'doors:list the doors\: what each opens, and its state'
    'leases:list what is open, for whom, and for how long'
    'fleet:show the gateways of the fleet, or make its key'
    'history:list who opened what, when and how'
    'top:show leases, knocks and problems live on a full screen'
    'console:serve a page to see and change all in a browser'
    'watch:show what knockd logs, as it happens'
    'doctor:find out why a knock does not open its door'
    'open:open a door for an address, without a knock'
    'extend:keep a door open for longer'
    'close:close a door, all doors of an address, or all doors'
    'forgive:stop ignoring an address, or all, for touched decoys'
    'reload:read the configuration again, and show the changes'
    'guard:protect services on trial, with automatic rollback'
    'protect:let only open sources reach the protected services'
    'unprotect:let all sources reach the protected services'
    'check:report the problems of a configuration'
    'migrate:compare a file of knockd 0.8, or take one of fwknopd over'
    'replay:run a recording through a configuration'
    'invite:make a page and a QR code to knock with a phone'
    'client:print what clients of a door type and configure'
    'sequence:make a random sequence for a door'
    'rotate:give a door another random sequence'
    'user:let devices open doors by key, or take them out'
    'help:explain a command, or list all'
    'version:print the version'
  )
  _describe command commands
}

local -a general=('(- *)'{-h,--help}'[print how it is used]' '(-j --json)'{-j,--json}'[print JSON]'
  '--color=[use colours]:when:(auto always never)')
local -a client=($general '(-s --socket)'{-s,--socket=}'[ask the daemon that listens there]:socket:_files')
local curcontext=$curcontext state line before
typeset -A opt_args

# Options may stand before the command.
_arguments -C $client '(- *)'{-V,--version}'[print the version]' \
  '(-): :_knockctl_commands' '(-)*:: :->arguments'
[[ $state == arguments ]] || return
before=${opt_args[--socket]:-$opt_args[-s]}

local command=$words[1]
local config='--config=[the configuration]:file:_files'

case $command in
  init)
    _arguments $client $config \
      '*--service=[what to protect]:service:(tcp/22 icmp)' \
      "--host=[this server, as clients name it]:host:_hosts" \
      '--address=[where you come from]:address:' \
      '--by=[what opens new doors]:way:(sequence key both)' \
      '--user=[the device that gets a key]:device:' \
      '--output=[write the line for the device to this file]:file:_files' \
      '--steps=[how many ports a sequence has]:number:' \
      '--open-for=[how long a door lets in new connections]:time:(30s 10m 1h)' \
      '--trial=[how long you have to confirm it]:time:(3m 5m 10m)' \
      '--protect-now[protect without a trial]' \
      '--qr=[write the QR code to this file]:file:_files' \
      '--no-proof[do not knock from a network namespace first]' \
      '--yes[ask nothing]' \
      '--dry-run[show all of it, and change nothing]'
    ;;
  undo) _arguments $client $config '--force[restore the configuration all the same]' ;;
  open) _arguments $client '1:door:_knockctl_doors' '2:address:' '3:for:(for)' '4:time:(30s 10m 1h)' ;;
  extend) _arguments $client '1:door:_knockctl_doors' '2:address:_knockctl_addresses' '3:time:(30s 10m 1h)' '4:time:' ;;
  close)
    _arguments $client '--cut[also end the connections that were made]' \
      '--here[close at this gateway alone]' \
      '--fleet[fail unless all gateways have closed it]' \
      '--forget[mark as closed what could not be closed]' \
      '1:door or address:_knockctl_closable' '2:address:_knockctl_addresses'
    ;;
  history) _arguments $client '--since=[list only so much time]:time:(1d 7d 30d)' '1:door:_knockctl_doors' ;;
  forgive) _arguments $client '1:address:(all)' ;;
  guard)
    _arguments $client \
      '--confirm[protect for good]' \
      '--all[with --confirm, also what no knock has proven]' \
      '--from-console[with --confirm, you sit at the machine]' \
      '--address=[where your knock comes from]:address:' \
      '--host=[this server, as clients name it]:host:' \
      '--for=[how long you have to confirm it]:time:(3m 5m 10m)' \
      '*:service:(tcp/22 icmp)'
    ;;
  unprotect) _arguments $client $config ;;
  doctor)
    _arguments $client $config \
      '--dry-run[let the knock open nothing]' \
      '--time=[how long to listen]:time:(0 30s 2m)' \
      '--address=[show only the packets of this address]:address:' \
      '--host=[this server, as clients name it]:host:_hosts' \
      '1:door:_knockctl_doors'
    ;;
  leases) _arguments $client '--fleet[list those of all gateways]' '1:door:_knockctl_doors' ;;
  fleet) _arguments $client $config '1:action:(key)' ;;
  watch | status | doors) _arguments $client '1:door:_knockctl_doors' ;;
  console)
    _arguments $client \
      '--listen=[listen at this port]:address and port:(127.0.0.1\:7482)' \
      '--socket-file=[listen on this unix socket]:socket:_files' \
      '--read-only[only show]'
    ;;
  top | reload | protect) _arguments $client ;;
  help) _arguments $general '1: :_knockctl_commands' ;;
  version) _arguments $general ;;
  check) _arguments $general '--strict[exit with 2 if there are warnings]' '1:file:_files' ;;
  migrate)
    _arguments $general $config \
      '--no-native[offer no native doors]' \
      '--repair[put plain dashes and quotes]' \
      '--open-for=[how long a door stays open]:time:(30s 10m 1h)' \
      '--write[write it]' \
      '1:file:_files'
    ;;
  replay)
    _arguments $general $config \
      '--source=[tell only what concerns this source]:address:' \
      '--address=[the addresses of the machine that recorded]:addresses:' \
      '--users=[the users file for knocks by key]:users file:_files' \
      '1:recording:_files'
    ;;
  invite)
    _arguments $general $config \
      "--host=[the server's name or address]:host:_hosts" \
      '--url=[where the page will be]:url:' \
      '--service=[the port that the page looks at]:service:' \
      '--output=[where to write the page]:file:_files' \
      '--qr=[write the QR code to this file]:file:_files' \
      '--force[write it even if the file exists]' \
      '1:door:_knockctl_doors'
    ;;
  client)
    _arguments $general $config \
      "--host=[the server's name or address]:host:_hosts" \
      '--service=[wait for this service]:service:(tcp/22)' \
      '--qr=[write the QR code to this file]:file:_files' \
      '--force[overwrite the file]' \
      '1:door:_knockctl_doors'
    ;;
  sequence)
    _arguments $general $config \
      '--length=[how many ports]:number:' \
      '--ports=[choose from these ports only]:range:'
    ;;
  rotate)
    _arguments $client $config \
      '--keep-old=[keep the old sequence valid for this time]:time:(0 2d 7d)' \
      '--length=[how many ports]:number:' \
      "--host=[the server's name or address]:host:_hosts" \
      '--yes[ask nothing]' \
      '--dry-run[show the change, and make none]' \
      '1:door:_knockctl_doors'
    ;;
  user)
    _arguments $client $config \
      '--door=[let the device open this door]:door:_knockctl_doors' \
      '--host=[this server, as the device names it]:host:_hosts' \
      '--name=[the name of the profile]:name:' \
      '--fwknop[make the keys of a fwknop client]' \
      '--lock=[read the lock of a key from standard input]:lock:(-)' \
      '--link=[make a link to the page at this URL]:url:' \
      '--address=[the addresses of this server, for the link]:addresses:' \
      '--force[overwrite a different file (page)]' \
      '--output=[write the line for the device to this file]:file:_files' \
      '--groups=[the groups of the device]:groups:' \
      '--expires=[the last day of the device]:day:' \
      '--key=[remove only this key]:key:' \
      '--yes[ask nothing]' \
      '1:action:(add remove list show watch page)' '2:name:'
    ;;
esac
