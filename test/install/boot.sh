#!/bin/bash
# Boots the Debian in a directory with its systemd, in namespaces of its own, without a virtual machine:
# boot.sh ROOT, as root, in the network namespace that it is to use. Ends when that systemd does.
set -e
root=$1
if [ "$2" != inside ]; then
  # A control group of its own: what systemd makes of it goes at the end.
  groups=$(mktemp -d)
  mount -t cgroup2 cgroup2 "$groups"
  here=$groups$(sed -n 's/^0:://p' /proc/self/cgroup)
  # Those of runs that were killed are empty.
  find "$here" -depth -path "$here/sesame-*" -mmin +10 -type d -exec rmdir {} + 2>/dev/null || :
  group=$(mktemp -d "$here/sesame-XXXXXX")
  (
    echo "$BASHPID" >"$group/cgroup.procs"
    exec unshare --mount --pid --uts --ipc --cgroup --fork --kill-child "$0" "$root" inside
  ) </dev/null || :
  for _ in {1..50}; do
    find "$group" -depth -type d -exec rmdir {} + 2>/dev/null && break
    sleep 0.1
  done
  umount "$groups"
  rmdir "$groups"
  exit
fi

mount --make-rprivate /
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
# To the kernel each boot is the same; knockd is to see another one, also in its mounts.
cp /proc/sys/kernel/random/uuid "$root/run/boot_id"
mkdir -p "$root/etc/systemd/system/knockd.service.d"
printf '[Service]\nBindReadOnlyPaths=/run/boot_id:/proc/sys/kernel/random/boot_id\n' \
  >"$root/etc/systemd/system/knockd.service.d/boot.conf"
mount -t tmpfs -o mode=755 dev "$root/dev"
for node in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
  IFS=: read -r name major minor <<<"$node"
  mknod -m 666 "$root/dev/$name" c "$major" "$minor"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
mount -t tmpfs shm "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
touch "$root/dev/console"
hostname server
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
  chroot "$root" /lib/systemd/systemd --system --log-target=console
