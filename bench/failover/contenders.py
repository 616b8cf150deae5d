"""The proxies of a failover: five endpoints in turn, and checks of each every second where a proxy has them."""

import peers

ENDPOINTS = tuple(f"127.0.0.{last}" for last in range(21, 26))
PORT = 7100
CHECK_PORT = PORT + 1
DEAD = ENDPOINTS[2]
# What a check that speaks says, and expects to come back.
WORD = "alive?"


class Ringway(peers.Ringway):
    def command_for(self, folder, speaks):
        speech = f', send: "{WORD}", expect: "{WORD}"' if speaks else ""
        documents = [self.settings("info"), f"""apiVersion: v1
kind: Service
metadata: {{name: web}}
spec:
  clusterIP: {peers.VIP}
  selector: {{app: web}}
  ports: [{{port: {peers.VIP_PORT}, targetPort: {PORT}}}]
policy: {{balancer: roundRobin, healthCheck: {{tcp: {{port: {CHECK_PORT}{speech}}}, interval: 1s}}}}
"""]
        for number, address in enumerate(ENDPOINTS):
            documents.append(f"""apiVersion: v1
kind: Pod
metadata: {{name: web-{number}, labels: {{app: web}}}}
spec: {{containers: [{{name: web}}]}}
status: {{podIP: {address}}}
""")
        config = folder / f"{self.name}.yaml"
        config.write_text("---\n".join(documents))
        return [self.binary, "run", "--config", config]


class HAProxy(peers.HAProxy):
    def command_for(self, folder, speaks):
        check = f"  option tcp-check\n  tcp-check send {WORD}\n  tcp-check expect string {WORD}\n" if speaks else ""
        servers = "".join(f"  server web-{number} {address}:{PORT} check port {CHECK_PORT} inter 1s\n"
                          for number, address in enumerate(ENDPOINTS))
        text = f"""global
  nbthread 1
  maxconn {peers.MAX_CONNECTIONS}
defaults
  mode tcp
  timeout connect 1s
  timeout client 1h
  timeout server 1h
  option redispatch
listen web
  bind {peers.VIP}:{peers.VIP_PORT}
  balance roundrobin
{check}{servers}"""
        return [*self.enter(), "haproxy", "-db", "-f", self.write(folder, f"{self.name}.cfg", text)]


class Nginx(peers.Nginx):
    """It checks nothing by itself: `max_fails=1 fail_timeout=10s` of each server are its defaults."""

    def command_for(self, folder, _):
        servers = "".join(f"    server {address}:{PORT};\n" for address in ENDPOINTS)
        pid = self.write(folder, "failover-nginx.pid", "")
        path = self.write(folder, "failover-nginx.conf", f"""include /etc/nginx/modules-enabled/*-mod-stream.conf;
daemon off;
worker_processes 1;
error_log stderr error;
pid {pid};
events {{ worker_connections {2 * peers.MAX_CONNECTIONS + 100}; }}
stream {{
  access_log off;
  tcp_nodelay on;
  proxy_connect_timeout 1s;
  proxy_timeout 1h;
  upstream web {{
{servers}  }}
  server {{ listen {peers.VIP}:{peers.VIP_PORT} reuseport backlog=4096; proxy_pass web; }}
}}
""")
        return [*self.enter(), "nginx", "-e", "stderr", "-c", path]


def all_of(options):
    """Those that can run, in the order of the table, and a note for each that cannot."""
    ours = lambda engine: Ringway(f"ringway-{engine}", peers.frozen(options.binary, options.out / "bin", engine), engine)
    makers = {"ringway-io_uring": lambda: ours("io_uring"), "ringway-epoll": lambda: ours("epoll"),
              "haproxy": lambda: HAProxy("haproxy", options.root, ""),
              "nginx": lambda: Nginx(options.root)}
    return peers.pick(makers, options.peers)
