/** What means itself everywhere in shell text (POSIX.1-2017, XCU 2.2), and blanks between words. */
const plain = /^[\w@%+:,./ \t=-]+$/;

/**
 * Words that a shell understands by itself as the first of a command: the reserved ones and built-in
 * commands of dash, bash, busybox and ksh.
 */
const known: ReadonlySet<string> = new Set(
  `. : alias bg bind break builtin caller case cd chdir command compgen complete compopt continue coproc
  declare dirs disown do done echo elif else enable esac eval exec exit export false fc fg fi for function
  getopts hash help history if in jobs kill let local login logout mapfile newgrp popd print printf pushd pwd
  read readarray readonly return select set setvar shift shopt sleep source suspend test then time times
  trap true type typeset ulimit umask unalias unset until wait whence while`.split(/\s+/),
);

/**
 * The words of a command for which a shell would do no more than find the program and start it, such as
 * `iptables -I INPUT -s 192.0.2.7 -j ACCEPT`. Undefined where it might do anything else: quotes,
 * expansions, redirections, several commands, assignments, its own commands.
 */
export function plainWords(text: string): readonly string[] | undefined {
  if (!plain.test(text)) return undefined;
  const words = text.split(/[ \t]+/).filter((word) => word !== "");
  const [first = ""] = words;
  return first === "" || first.includes("=") || known.has(first) ? undefined : words;
}
