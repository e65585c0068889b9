#!/usr/bin/env bash
# Runs a command beside a Docker Engine of its own:
#
#   docker-engine.sh <folder> <command …>
#
# The engine is Debian's, in a root that is made once and kept in <folder>, as its images are. It runs in namespaces of its own: for
# processes, mounts and the network. So nothing of the machine changes, and each port is free. When the first process ends, however it
# ends, the kernel ends all others and takes mounts and network away.
# The command runs in that network. `chroot $DOCKER_ROOT docker …` is the client. There /src is this repository, read-only, and /shared
# is <folder>/shared.
set -euo pipefail

# Code of the exit where this machine cannot do it. The last line of stderr then says why.
readonly CANNOT=69
readonly RELEASE=trixie
readonly ENGINE=(docker.io docker-cli docker-compose docker-buildx iptables slirp4netns)
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
readonly here

# The first step, on the machine: the root, and namespaces for the second.
prepare() {
  local folder=$1 group=keycloak-guard-$$
  shift
  mkdir -p "$folder/shared"
  # Held as long as one process of the engine lives.
  exec 9>"$folder/lock"
  flock --wait 600 9 || cannot 'Another run has not ended within ten minutes.'
  make_root "$folder" >"$folder/packages.log" 2>&1 || {
    tail -n 20 "$folder/packages.log" >&2
    cannot "Debian's packages for a Docker Engine cannot be had here."
  }
  # Whatever a run left that was ended before its time; the images stay.
  rm -rf "$folder"/{root,upper,overlay,data/containers,data/network,data/volumes}
  mkdir -p "$folder"/{root,upper,overlay,data}
  setpriv --pdeathsig=KILL unshare --mount --pid --fork --kill-child --mount-proc \
    bash "$0" --open-network "$folder" "$group" "$@" &
  trap "end $! $group" EXIT
  trap 'exit 143' INT TERM HUP
  wait $! || exit $?
}

# The kernel keeps groups of processes, and only empty ones can be removed.
end() {
  kill -KILL "$1" 2>/dev/null || true
  wait "$1" || true
  local until=$((SECONDS + 10))
  until ! find /sys/fs/cgroup -depth -type d -path "*/$2*" -exec rmdir {} + 2>&1 | grep -q . || ((SECONDS > until)); do sleep 0.1; done
}

cannot() {
  echo "$1" >&2
  exit $CANNOT
}

# `engine`, the root, and `shared/debian.tar`, the same without Docker, for images. All is made anew when this script is another one,
# or the stand-ins, or a certificate: a proxy may stand before the registries.
make_root() {
  local folder=$1 root=$1/engine certificates=/etc/ssl/certs/ca-certificates.crt key
  key=$(cat "$here"/*.{sh,Dockerfile} "$certificates" | sha256sum)
  if [[ $(cat "$folder/key" 2>/dev/null) == "$key" ]]; then return; fi
  rm -rf "$folder"/{key,engine,data}
  debootstrap --variant=minbase --include=busybox,ca-certificates "$RELEASE" "$root" || return
  # No package starts its service.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  cp -L "$certificates" "$root$certificates"
  chroot "$root" apt-get clean
  tar -C "$root" -cf "$folder/shared/debian.tar" . || return
  cp -L /etc/resolv.conf "$root/etc/"
  DEBIAN_FRONTEND=noninteractive chroot "$root" \
    apt-get -o Acquire::Retries=5 install -qy --no-install-recommends "${ENGINE[@]}" || return
  echo "$key" >"$folder/key"
}

# The second step, the first process in the namespaces of processes and mounts: the root, and a network behind slirp4netns, which
# needs no address, no forwarding and no firewall's rule of the machine.
open_network() {
  local folder=$1 group=$2 root=$1/root
  shift 2
  mount -t overlay overlay -o "lowerdir=$folder/engine,upperdir=$folder/upper,workdir=$folder/overlay" "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs tmpfs "$root/run"
  mkdir -p "$root"/{src,shared,var/lib/docker}
  mount --bind "$folder/data" "$root/var/lib/docker"
  mount --bind "$folder/shared" "$root/shared"
  mount --bind -o ro "$here/../../.." "$root/src"
  touch "$root/run/network"
  unshare --net="$root/run/network" true
  chroot "$root" slirp4netns --configure --mtu=65520 --disable-host-loopback --netns-type=path /run/network tap0 \
    >"$folder/network.log" 2>&1 &
  # The address at which slirp4netns resolves names.
  echo 'nameserver 10.0.2.3' >"$root/etc/resolv.conf"
  nsenter --net="$root/run/network" bash "$0" --start "$folder" "$group" "$@"
}

# The third step, in all of them: the engine, then the command.
start() {
  local folder=$1 group=$2 engine status=0
  shift 2
  export DOCKER_ROOT=$folder/root
  wait_for 10 'The network' "$folder/network.log" ip link show tap0
  # Not by chroot: whoever enters a container's namespace of mounts later, as health checks do, gets to the root of that namespace.
  unshare --mount bash -c 'cd "$0" && mkdir old && pivot_root . old && exec env -i PATH=/usr/sbin:/usr/bin sh -c "umount -l /old; exec $1"' \
    "$DOCKER_ROOT" "dockerd --cgroup-parent=$group --shutdown-timeout=5" >"$folder/engine.log" 2>&1 &
  engine=$!
  wait_for 60 'The Docker Engine' "$folder/engine.log" chroot "$DOCKER_ROOT" docker info
  "$@" || status=$?
  kill $engine
  wait $engine || true
  exit $status
}

# wait_for <seconds> <what> <log> <command …>
wait_for() {
  local until=$((SECONDS + $1)) what=$2 log=$3
  shift 3
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < until)) || {
      tail -n 5 "$log" >&2
      echo "$what did not start." >&2
      exit 1
    }
    sleep 0.1
  done
}

case $1 in
  --open-network) open_network "${@:2}" ;;
  --start) start "${@:2}" ;;
  *) prepare "$@" ;;
esac
