# shellcheck shell=bash
# The demo: `run_demo [--once] [--docker]`, for ./dev. Every step is seen to work, or the demo ends with status 1.
# Backends are processes (processes.sh) or containers (containers.sh); both say start_backend, kill_backend, relabel.

vip=127.96.0.10:8080

run_demo() {
  local once='' kind=processes argument
  for argument in "$@"; do
    case $argument in
      --once) once=yes ;;
      --docker) kind=containers ;;
      *) die "./dev demo [--once] [--docker]" ;;
    esac
  done
  # shellcheck source=docker/demo/processes.sh
  . "docker/demo/$kind.sh"
  started=()
  folder=$(mktemp -d)
  export RINGWAY_ADMIN=unix:$folder/admin.sock
  trap end_demo EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM

  start_all
  step_spread
  step_kill
  step_relabel
  step_reload
  step_refuse
  echo
  echo "All five steps were seen to work."
  [[ $once ]] || stay_up
}

# --- the parts ---

start_all() {
  local number
  echo "Starting three servers, and Ringway in front of them"
  prepare_backends
  for number in 1 2 3; do start_backend "$number" stable; done
  write_service "" leastConnections
  write_daemon
  build/release/ringway run --config "$folder/ringway.yaml" >"$folder/ringway.log" 2>&1 &
  started+=($!)
  daemon=$!
  say "build/release/ringway run --config $folder/ringway.yaml"
  wait_for 10 "three ready endpoints" ready_endpoints_are 3
}

write_daemon() {
  cat >"$folder/ringway.yaml" <<YAML
apiVersion: ringway/v1
kind: Ringway
spec:
  admin: {listen: "$RINGWAY_ADMIN"}
  manifests: ["manifests/*.yaml"]
$(discovery)
YAML
}

write_service() { # write_service MORE_PORTS BALANCER
  mkdir -p "$folder/manifests"
  cat >"$folder/new" <<YAML
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  clusterIP: ${vip%:*}
  selector: {app: ringway-demo, release: stable}
  ports:
  - {name: http, port: ${vip#*:}, targetPort: http}
$1
policy:
  balancer: $2
  healthCheck: {http: {path: /healthz}, interval: 500ms, timeout: 500ms, fall: 2}
YAML
  mv "$folder/new" "$folder/manifests/service.yaml"
}

step_spread() {
  title "1/5  One address, three servers behind it"
  show "for i in {1..30}; do curl http://$vip/; done"
  requests 30
  ((lost == 0)) || failed "$lost of 30 requests failed"
  [[ ${answers[echo-1]:-} && ${answers[echo-2]:-} && ${answers[echo-3]:-} ]] || failed "not each of the three answered"
  seen "each of the three answered"
}

step_kill() {
  title "2/5  One of them dies, and nobody notices"
  show "for i in {1..300}; do curl http://$vip/; done    # and after the 100th: $(kill_command 2)"
  requests 300 100 kill_backend 2
  ((lost == 0)) || failed "$lost of 300 requests failed"
  wait_for 10 "the health check to take it out" ready_endpoints_are 2
  show "ringway get endpoints"
  build/release/ringway get endpoints | indent
  seen "300 requests, none lost"
}

step_relabel() {
  title "3/5  A server joins by its label"
  start_backend 4 canary
  requests 20
  ((lost == 0)) || failed "$lost of 20 requests failed"
  [[ ! ${answers[echo-4]:-} ]] || failed "echo-4 has the label release=canary and answered all the same"
  relabel 4 stable
  wait_for 10 "echo-4 to answer" answered_by echo-4
  seen "echo-4 answers since its label is release=stable"
}

step_reload() {
  title "4/5  A new configuration, while it runs"
  show "vi manifests/service.yaml    # a second port, 8081, and another balancer; the file is watched"
  write_service '  - {name: alt, port: 8081, targetPort: http}' roundRobin
  wait_for 10 "the new port to answer" curl -sf --max-time 2 -o "$folder/answer" "http://${vip%:*}:8081/"
  say "Ringway's log: $(grep -i "config" "$folder/ringway.log" | tail -n 1)"
  requests 30
  ((lost == 0)) || failed "$lost of 30 requests failed"
  seen "http://${vip%:*}:8081/ answers too"
}

step_refuse() {
  title "5/5  A mistake is refused whole"
  write_service '  - {name: alt, port: 80800}' fastest
  show "ringway reload    # with two mistakes"
  if build/release/ringway reload >"$folder/answer" 2>&1; then
    failed "the wrong configuration was taken"
  fi
  sed "s|$folder/||g" "$folder/answer" | indent
  requests 30
  ((lost == 0)) || failed "$lost of 30 requests failed"
  write_service '  - {name: alt, port: 8081, targetPort: http}' roundRobin
  wait_for 10 "the right configuration to be in force again" build/release/ringway reload
  seen "the mistakes are named, and the old configuration serves on"
}

stay_up() {
  cat <<TEXT

It stays up. In another terminal:
  export RINGWAY_ADMIN=$RINGWAY_ADMIN
  build/release/ringway get endpoints            # also: services, workloads, -o wide, -o json
  build/release/ringway describe service web
  curl http://$vip/any/path                 # again and again
$(try_out)
  edit $folder/manifests/*.yaml      # it is watched; mistakes are in $folder/ringway.log
  curl -s --unix-socket $folder/admin.sock http://ringway/metrics
Ctrl-C ends all of it.
TEXT
  wait "$daemon" || true
  failed "the daemon has ended"
}

# --- what the steps stand on ---

title() { printf '\n%s\n' "$1"; }
say() { printf '     %s\n' "$*"; }
show() { printf '     $ %s\n' "$*"; }
seen() { printf '     ok: %s\n' "$*"; }
indent() { sed 's/^/     /'; }

failed() {
  printf '     FAILED: %s\n' "$*" >&2
  echo "     The last lines of Ringway's log:" >&2
  tail -n 15 "$folder/ringway.log" 2>/dev/null | indent >&2 || true
  exit 1
}

# requests COUNT [AFTER COMMAND…]: one after another, each on a connection of its own; COMMAND runs after the first AFTER.
# Fills `answers` (who answered how often) and `lost`, and prints them.
requests() {
  local count=$1 after=${2:-0} number who line=''
  shift $(($# > 1 ? 2 : 1))
  declare -gA answers=()
  lost=0
  for ((number = 1; number <= count; number++)); do
    who=$(who_answers)
    if [[ $who ]]; then answers[$who]=$((${answers[$who]:-0} + 1)); else lost=$((lost + 1)); fi
    ((number != after)) || "$@"
  done
  for who in $(printf '%s\n' "${!answers[@]}" | sort); do line+="$who ${answers[$who]}   "; done
  say "$line lost $lost"
}

who_answers() { curl -s --max-time 5 "http://$vip/" 2>/dev/null | sed -n 's/^Hostname: //p'; }
answered_by() { [[ $(who_answers) == "$1" ]]; }
ready_endpoints_are() { [[ $(build/release/ringway get endpoints 2>/dev/null | grep -c -w ready) == "$1" ]]; }

wait_for() { # wait_for SECONDS WHAT COMMAND…
  local limit=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    kill -0 "$daemon" 2>/dev/null || failed "the daemon has ended"
    ((SECONDS < limit)) || failed "waited in vain for $what"
    sleep 0.1
  done
}

end_demo() {
  local status=$?
  trap - EXIT
  trap '' INT TERM
  [[ ! ${daemon:-} ]] || kill -TERM "$daemon" 2>/dev/null || true
  remove_backends
  ((${#started[@]} == 0)) || kill -TERM "${started[@]}" 2>/dev/null || true
  wait
  rm -rf "$folder"
  exit "$status"
}
