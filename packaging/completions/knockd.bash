# Completion of knockd for bash. Needs nothing but bash.

_knockd_offer() {
  local candidate
  for candidate; do
    [[ $candidate == "$cur"* ]] && COMPREPLY+=("$candidate")
  done
}

_knockd() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  case $prev in
    -c | --config | -p | --pidfile | -g | --logfile)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      ;;
    -i | --interface)
      local names=(/sys/class/net/*)
      _knockd_offer any "${names[@]##*/}"
      ;;
    *)
      _knockd_offer -i --interface -d --daemon -c --config -D --debug -l --lookup -p --pidfile \
        -g --logfile -t --test -v --verbose -4 --only-ip-v4 --dry-run -V --version -h --help
      ;;
  esac
}

complete -F _knockd knockd
