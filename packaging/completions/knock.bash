# Completion of knock for bash. Needs nothing but bash.

# Offers what begins like the word; no shell looks into the names that come from outside.
_knock_offer() {
  local candidate quoted
  for candidate; do
    [[ -n $candidate && $candidate == "$cur"* ]] || continue
    printf -v quoted %q "$candidate"
    COMPREPLY+=("$quoted")
  done
}

_knock_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

_knock_profiles() {
  local found
  found=$(timeout 2 "$program" "${file[@]}" --list --json </dev/null 2>/dev/null) || return 0
  mapfile -t found < <(grep -o '"name":"[^"\\]*"' <<<"$found")
  found=("${found[@]#'"name":"'}")
  _knock_offer "${found[@]%'"'}"
}

_knock() {
  local program=$1 cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  local i operands=0 option='' file=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    local word=${COMP_WORDS[i]}
    [[ $word == = ]] && continue
    if [[ -n $option ]]; then
      [[ $option == -F || $option == --file ]] && file=(-F "$word")
      option=
      continue
    fi
    case $word in
      --)
        ((operands > 0)) || continue
        if declare -F _command_offset >/dev/null; then
          _command_offset $((i + 1))
        elif ((COMP_CWORD == i + 1)); then
          mapfile -t COMPREPLY < <(compgen -c -- "$cur")
        else
          _knock_files
        fi
        return
        ;;
      -d | --delay | --wait | --retry | --keep | --source | --interface | --payload | --profile | --save | --print | --request | --name | -F | --file)
        option=$word
        ;;
      -*) ;;
      *) operands=$((operands + 1)) ;;
    esac
  done
  case $prev in
    -F | --file) _knock_files ;;
    --interface)
      local names=(/sys/class/net/*)
      _knock_offer "${names[@]##*/}"
      ;;
    --profile | --print | --save | --request | --name) _knock_profiles ;;
    --wait) _knock_offer 22 ssh 80 443 ;;
    --keep) _knock_offer 30s 1m 10m 1h ;;
    -d | --delay | --retry | --source | --payload) ;;
    *)
      if [[ $cur == -* ]]; then
        _knock_offer -u --udp -d --delay -4 --ipv4 -6 --ipv6 -v --verbose -V --version -h --help \
          --wait --retry --keep --both --source --interface --full --payload --proxy --profile \
          --list --save --print --secrets --force -F --file --json -q --quiet \
          --sequence --import --request --name
      elif ((operands == 0)); then
        _knock_profiles
        local hosts
        mapfile -t hosts < <(compgen -A hostname -- "$cur")
        _knock_offer "${hosts[@]}"
      fi
      ;;
  esac
}

complete -F _knock knock
