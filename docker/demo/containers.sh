# shellcheck shell=bash disable=SC2154  # folder, started: of demo.sh
# Backends of the demo as containers of the Docker Engine that answers at $DOCKER_HOST, else at /var/run/docker.sock.
# Their image is made here, of the one static file; nothing is pulled.

image=ringway-demo/echo:local

backend_name() { echo "ringway-demo-$$-echo-$1"; }

prepare_backends() {
  command -v docker >/dev/null || die "There is no docker command here: install docker.io, or run './dev demo'."
  docker version >"$folder/answer" 2>&1 || { indent <"$folder/answer" >&2; die "" "No Docker Engine answers here."; }
  [[ ${DOCKER_HOST:-unix://} == unix://* ]] || die "The Engine must be on this machine: DOCKER_HOST is $DOCKER_HOST."
  strip -o "$folder/ringway-echo" build/release/ringway-echo
  tar -C "$folder" -c ringway-echo |
    docker import -c 'ENTRYPOINT ["/ringway-echo", "--listen", "0.0.0.0:8080"]' - "$image" >/dev/null
  say "docker import … $image"
}

discovery() {
  local socket=${DOCKER_HOST:-unix:///var/run/docker.sock}
  printf '  discovery:\n    docker: {socket: "unix:%s"}\n' "${socket#unix://}"
}

start_backend() { # start_backend NUMBER RELEASE
  local address
  show "docker run -d --label app=ringway-demo --label release=$2 --label ringway.io/port.http=8080 … --name echo-$1"
  docker run -d --name "$(backend_name "$1")" --label ringway.io/port.http=8080 --label app=ringway-demo --label "release=$2" \
    "$image" --name "echo-$1" >/dev/null
  address=$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$(backend_name "$1")")
  curl -sf --retry 20 --retry-delay 1 --retry-connrefused --max-time 5 -o "$folder/answer" "http://$address:8080/healthz" ||
    die "The container's address $address cannot be reached from here: this demo needs the Engine's own machine."
}

kill_command() { echo "docker kill echo-$1"; }
kill_backend() { docker kill "$(backend_name "$1")" >/dev/null; }

# The labels of a container stand for its life: it is made again.
relabel() { # relabel NUMBER RELEASE
  docker rm -f "$(backend_name "$1")" >/dev/null
  start_backend "$1" "$2"
}

try_out() {
  echo "  docker pause $(backend_name 1)           # stop, unpause, start"
  echo "  docker run -d --label app=ringway-demo --label release=stable --label ringway.io/port.http=8080 $image --name mine"
}

remove_backends() {
  local number
  for number in 1 2 3 4; do
    docker rm -f "$(backend_name "$number")" >/dev/null 2>&1 || true
  done
  docker rmi "$image" >/dev/null 2>&1 || true
}
