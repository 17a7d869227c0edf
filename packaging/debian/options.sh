# /etc/default/knockd is a script for init, and lines NAME=VALUE for systemd. What is wrong with it must not
# end the script that asks: another shell reads it, and where that fails it is read as systemd does.
defaults=/etc/default/knockd

# Prints what it says for a name.
setting() {
	[ -r "$defaults" ] || return 0
	# Its text, not ".": that ends with a last line such as [ -d X ] && Y=Z, where X is not there.
	sh -ec "exec 3>&1 >/dev/null
$(cat "$defaults")
echo \"\$$1\" >&3" 2>/dev/null ||
		sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*//p" "$defaults" | tail -n 1 |
		sed "s/[[:space:]]*\$//; s/^\(['\"]\)\(.*\)\1\$/\2/; s/^['\"]//"
}

# Reads options as knockd does: the files that they name, or else that are usual.
read_options() {
	config=/etc/knockd.conf
	pidfile=
	# It complains of what knockd does not start with; what it has understood is good.
	eval "set -- $(getopt -q -o i:dc:Dlp:g:tv4Vh \
		-l interface:,daemon,config:,debug,lookup,pidfile:,logfile:,test,verbose,only-ip-v4,dry-run,version,help \
		-- "$@" || true)"
	while [ "${1:---}" != -- ]; do
		case $1 in
			-c | --config) config=$2 && shift ;;
			-p | --pidfile) pidfile=$2 && shift ;;
			-i | -g | --interface | --logfile) shift ;;
		esac
		shift
	done
	[ -n "$pidfile" ] || pidfile=$(directive PidFile /run/knockd.pid)
}

# Prints what the configuration says for a directive of [options], a path or a name: the last one counts.
# Where it says nothing, prints the second.
directive() {
	value=$(sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*//Ip" "$config" 2>/dev/null | tail -n 1 |
		sed 's/^#.*//; s/[[:space:]]#.*//; s/[[:space:]]*$//')
	echo "${value:-$2}"
}
