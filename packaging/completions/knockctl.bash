# Completion of knockctl for bash. Needs nothing but bash.

# Offers what begins like the word; no shell looks into the names that come from outside.
_knockctl_offer() {
  local candidate quoted
  for candidate; do
    [[ -n $candidate && $candidate == "$cur"* ]] || continue
    printf -v quoted %q "$candidate"
    COMPREPLY+=("$quoted")
  done
}

_knockctl_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

# What the daemon says, if it answers at once and may be asked: `_knockctl_ask doors name`.
_knockctl_ask() {
  local found
  found=$(timeout 2 "$program" "$1" --json "${socket[@]}" </dev/null 2>/dev/null) || return 0
  mapfile -t found < <(grep -o "\"$2\":\"[^\"\\\\]*\"" <<<"$found" | sort -u)
  found=("${found[@]#"\"$2\":\""}")
  _knockctl_offer "${found[@]%'"'}"
}

_knockctl_commands() {
  _knockctl_offer init undo status doors leases fleet history top console watch doctor open extend close forgive reload guard \
    protect unprotect check migrate replay invite client sequence rotate user help version
}

_knockctl_options() {
  case $command in
    init)
      echo --service --host --address --by --user --output --steps --open-for --trial --protect-now --qr \
        --no-proof --yes --dry-run --config
      ;;
    undo) echo --force --config ;;
    close) echo --cut --here --fleet --forget ;;
    leases) echo --fleet ;;
    fleet) echo --config ;;
    history) echo --since ;;
    console) echo --listen --socket-file --read-only ;;
    doctor) echo --dry-run --time --address --host --config ;;
    guard) echo --confirm --all --from-console --address --host --for ;;
    unprotect) echo --config ;;
    check) echo --strict ;;
    migrate) echo --no-native --repair --open-for --write --config ;;
    replay) echo --config --source --address --users ;;
    invite) echo --host --url --service --output --qr --force --config ;;
    client) echo --host --service --qr --force --config ;;
    rotate) echo --keep-old --length --host --yes --dry-run --config ;;
    sequence) echo --length --ports --config ;;
    user)
      echo --door --host --name --lock --fwknop --link --address --output --groups --expires --key \
        --force --yes --config
      ;;
  esac
  case $command in
    check | migrate | replay | invite | client | sequence | help | version) ;;
    *) echo -s --socket ;;
  esac
  echo -j --json --color -h --help
}

_knockctl() {
  local program=$1 cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  # Options may stand before the command. It is the first operand, and does not count as one.
  local i operands=-1 command='' option='' socket=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    local word=${COMP_WORDS[i]}
    [[ $word == = ]] && continue
    if [[ -n $option ]]; then
      [[ $option == -s || $option == --socket ]] && socket=(--socket "$word")
      option=
      continue
    fi
    case $word in
      -s | --socket | --color | --address | --for | --config | --open-for | --source | --host | --url | --users | --service | \
        --output | --steps | --trial | --qr | --length | --ports | --keep-old | --since | --time | --door | --name | --lock | --link | --groups | --expires | --key | \
        --by | --user | --listen | --socket-file)
        option=$word
        ;;
      -*) ;;
      *)
        command=${command:-$word}
        operands=$((operands + 1))
        ;;
    esac
  done
  case $prev in
    -s | --socket | --config | --users | --output | --qr | --socket-file) _knockctl_files ;;
    --listen) _knockctl_offer 127.0.0.1:7482 ;;
    --color) _knockctl_offer auto always never ;;
    --for | --trial) _knockctl_offer 3m 5m 10m ;;
    --keep-old) _knockctl_offer 0 2d 7d ;;
    --time) _knockctl_offer 0 30s 2m ;;
    --since) _knockctl_offer 1d 7d 30d ;;
    --open-for) _knockctl_offer 30s 10m 1h ;;
    --service) [[ $command != init ]] || _knockctl_offer tcp/22 icmp ;;
    --by) _knockctl_offer sequence key both ;;
    --address | --source | --host | --url | --steps | --length | --ports | --user) ;;
    *)
      if [[ -z $command ]]; then
        _knockctl_commands
        _knockctl_offer -s --socket -j --json --color -h --help -V --version
        return
      fi
      if [[ $cur == -* ]]; then
        # shellcheck disable=SC2046  # they are words of ours
        _knockctl_offer $(_knockctl_options)
        return
      fi
      case $command:$operands in
        open:0 | extend:0 | history:0 | watch:0 | doctor:0 | status:0 | doors:0 | leases:0) _knockctl_ask doors name ;;
        forgive:0)
          _knockctl_offer all
          _knockctl_ask status source
          ;;
        close:0)
          _knockctl_offer all
          _knockctl_ask doors name
          _knockctl_ask leases source
          ;;
        close:1 | extend:1) _knockctl_ask leases source ;;
        open:2) _knockctl_offer for ;;
        open:3 | extend:2) _knockctl_offer 30s 10m 1h ;;
        guard:*) _knockctl_offer tcp/22 icmp ;;
        invite:0 | client:0 | rotate:0) _knockctl_ask doors name ;;
        fleet:0) _knockctl_offer key ;;
        user:0) _knockctl_offer add remove list show watch page ;;
        help:0) _knockctl_commands ;;
        check:0 | migrate:0 | replay:0) _knockctl_files ;;
      esac
      ;;
  esac
}

complete -F _knockctl knockctl
