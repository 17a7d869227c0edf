# Functions of scripts that are process 1 of an emulated machine, or run in a small Debian.

# Mounts what programs expect of a system.
mount_all() {
  mount -t proc proc /proc
  mount -t sysfs sys /sys
  mount -t devtmpfs dev /dev
  ln -s /proc/self/fd /dev/fd
  mount -t tmpfs run /run
}

# Runs the rest of its words. What is printed as expected is ok.
expect() {
  local what=$1 wanted=$2 found
  shift 2
  found=$("$@" 2>&1)
  if [ "$found" = "$wanted" ]; then echo "ok: $what"; else echo "FAILED: $what: $found"; fi
}

# Runs its words. Prints yes, or what they say if they fail.
succeeds() {
  local said
  if said=$("$@" 2>&1); then echo yes; else echo "$said"; fi
}

here() { ip netns exec "$@"; }

# Nothing listens: what passes is refused. An emulated machine is slow.
reaches() {
  local said
  said=$(here client timeout 4 bash -c ": >/dev/tcp/$1/$2" 2>&1)
  case $said in *refused*) echo open ;; "") echo silent ;; *) echo "$said" ;; esac
}
