#!/bin/bash
# box.sh COMMAND…: runs COMMAND as root in network, mount and process namespaces of its own, with cgroups, so that a
# container engine in it touches nothing of the host. When this process ends, everything in the box ends.
set -eu
if [ "$(id -u)" != 0 ]; then
  echo "box.sh: must run as root: sudo $0 $*" >&2
  exit 2
fi
exec unshare --net --mount --pid --fork --kill-child=SIGKILL --mount-proc --propagation private /bin/bash -c '
  set -eu
  ip link set lo up
  mount -t sysfs sysfs /sys
  if grep -qE "^[a-z_]+\s+[1-9]" /proc/cgroups; then
    mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
    for controller in $(awk "\$2 > 0 && \$4 == 1 { print \$1 }" /proc/cgroups); do
      mkdir "/sys/fs/cgroup/$controller"
      mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller"
    done
    mkdir /sys/fs/cgroup/systemd
    mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
  else
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
  fi
  mount -t tmpfs tmpfs /run
  export RINGWAY_BOX=1
  # Not exec: process 1 must stay a shell, for it reaps the orphans that an engine leaves (a zombie looks alive to dockerd).
  status=0
  "$@" || status=$?
  exit $status' box "$@"
