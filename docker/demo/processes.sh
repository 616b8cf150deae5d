# shellcheck shell=bash disable=SC2154  # folder, started: of demo.sh
# Backends of the demo as processes: ringway-echo on loopback addresses, told to Ringway by `kind: Pod`.

declare -A backend_pid=()

prepare_backends() { :; }
discovery() { :; }

start_backend() { # start_backend NUMBER RELEASE
  local address=127.0.0.1$1:8080
  build/release/ringway-echo --listen "$address" --name "echo-$1" >"$folder/echo-$1.log" 2>&1 &
  backend_pid[$1]=$!
  started+=($!)
  mkdir -p "$folder/manifests"
  cat >"$folder/new" <<YAML
apiVersion: v1
kind: Pod
metadata: {name: echo-$1, labels: {app: ringway-demo, release: $2}}
spec: {containers: [{name: echo, ports: [{name: http, containerPort: 8080}]}]}
status: {podIP: ${address%:*}}
YAML
  local tries
  for ((tries = 0; tries < 50; tries++)); do
    if ! kill -0 "${backend_pid[$1]}" 2>/dev/null; then
      cat "$folder/echo-$1.log" >&2
      die "Another process listens on $address: end it, then try again."
    fi
    curl -sf --max-time 1 -o "$folder/answer" "http://$address/healthz" && break
    sleep 0.1
  done
  mv "$folder/new" "$folder/manifests/echo-$1.yaml"
  say "echo-$1 on $address, with the label release=$2"
}

kill_command() { echo "kill -9 ${backend_pid[$1]}"; }
kill_backend() {
  kill -KILL "${backend_pid[$1]}"
  wait "${backend_pid[$1]}" 2>/dev/null || true
}

relabel() { # relabel NUMBER RELEASE
  show "sed -i s/release:.*}/release: $2}/ manifests/echo-$1.yaml"
  sed "s/release: [a-z]*/release: $2/" "$folder/manifests/echo-$1.yaml" >"$folder/new"
  mv "$folder/new" "$folder/manifests/echo-$1.yaml"
}

try_out() {
  echo "  kill ${backend_pid[1]}                                    # echo-1"
  echo "  curl -X POST http://127.0.0.13:8080/fail       # echo-3 fails its health check; /recover mends it"
}

remove_backends() { :; }
