/**
 * Words that a shell understands by itself as the first of a command: the reserved ones and built-in
 * commands of dash, bash, busybox and ksh.
 */
export const shellWords: ReadonlySet<string> = new Set(
  `. : alias bg bind break builtin caller case cd chdir command compgen complete compopt continue coproc
  declare dirs disown do done echo elif else enable esac eval exec exit export false fc fg fi for function
  getopts hash help history if in jobs kill let local login logout mapfile newgrp popd print printf pushd pwd
  read readarray readonly return select set setvar shift shopt sleep source suspend test then time times
  trap true type typeset ulimit umask unalias unset until wait whence while`.split(/\s+/),
);
