# Prints what zsh offers at the end of a line, for a pseudo-terminal is what it takes to be asked:
#
#   zsh -f capture.zsh FOLDER LINE
#
# FOLDER holds the completions, as _NAME, and may be written to.
zmodload zsh/zpty
cat >$1/rc <<'RC'
PROMPT= RPROMPT=
fpath=($FOLDER $fpath)
autoload -Uz compinit && compinit -u -d $FOLDER/dump
setopt no_beep
compadd() {
  local -a hits
  if [[ ${@[1,${@[(i)--]}]} == (|*\ )-[A-Za-z0-9]#[OAD]\ * ]]; then
    builtin compadd "$@"
    return
  fi
  builtin compadd -O hits "$@"
  (($#hits)) && print -rl -- $hits >>$FOLDER/offers
  builtin compadd "$@"
}
finish() { exit }
zle -N finish
bindkey '^X' finish
bindkey '^I' complete-word
RC
: >$1/offers
export FOLDER=$1
zpty z zsh -f -i
zpty -w z "source $1/rc"
zpty -w -n z "$2"$'\t\x18'
while zpty -r z line; do :; done
cat $1/offers
