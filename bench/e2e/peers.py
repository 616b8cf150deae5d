"""The contenders: how each is configured and started, as a good operator of it would."""

import dataclasses
import hashlib
import os
import pathlib
import shutil
import subprocess

import machine

SINK = "127.0.0.11"
SINK_PORT = 7000
VIP = "127.96.0.10"
VIP_PORT = 8000
ADMIN_PORT = 8009
ROLES = ("echo", "source", "discard")  # the ports of the sink that a proxy stands before, in this order

# Enough for 8,000 connections; two files for each, and two for each pipe of HAProxy, stay below the limit. HAProxy's
# own choice, a quarter as many pipes as connections, would not; no row has more than 512 directions that splice.
MAX_CONNECTIONS = 8_200
MAX_PIPES = 1_000


@dataclasses.dataclass
class Contender:
    """`through` is what the load dials; `proxy` says whether a process of its own stands between."""
    name: str
    version: str = ""
    through: str = f"{VIP}:{VIP_PORT}"
    proxy: bool = True

    def setup(self):
        """Shell commands for its network namespace."""
        return ()

    def command(self, folder):
        """Writes what it reads into `folder`, and tells how it is started."""
        raise NotImplementedError


class Direct(Contender):
    def __init__(self):
        super().__init__("direct", "no proxy", f"{SINK}:{SINK_PORT}", proxy=False)


class Ringway(Contender):
    def __init__(self, name, binary, engine):
        said = subprocess.run([binary, "version"], capture_output=True, text=True, check=False)
        self.binary = pathlib.Path(binary).resolve()
        digest = hashlib.sha256(self.binary.read_bytes()).hexdigest()[:12]
        super().__init__(name, " ".join([*said.stdout.partition("\n")[0].split(), "binary", digest]))
        self.engine = engine

    def settings(self, level):
        return f"""apiVersion: ringway/v1
kind: Ringway
spec:
  workers: 1
  engine: {self.engine}
  admin: {{listen: "{VIP}:{ADMIN_PORT}"}}
  log: {{level: {level}, accessLog: off}}
  virtualIPs: {{mode: off}}
"""

    def command(self, folder):
        documents = [self.settings("warn")]
        for index, role in enumerate(ROLES):
            documents.append(f"""apiVersion: v1
kind: Service
metadata: {{name: {role}}}
spec:
  clusterIP: {VIP}
  selector: {{app: sink}}
  ports: [{{port: {VIP_PORT + index}, targetPort: {SINK_PORT + index}}}]
policy: {{healthCheck: off, drain: {{timeout: 10ms}}}}
""")
        documents.append(f"""apiVersion: v1
kind: Pod
metadata: {{name: sink, labels: {{app: sink}}}}
spec: {{containers: [{{name: sink}}]}}
status: {{podIP: {SINK}}}
""")
        config = folder / f"{self.name}.yaml"
        config.write_text("---\n".join(documents))
        return [self.binary, "run", "--config", config]


class Rooted(Contender):
    """A peer from the Debian root under build/peers, or where there is none, the installed one."""

    def __init__(self, name, program, root):
        self.root = root if root and (root / "usr/sbin" / program).exists() else None
        if self.root is None:
            machine.need(program)
        self.program = program
        said = subprocess.run([*self.enter(), program, "-v"], capture_output=True, text=True, check=False)
        super().__init__(name, (said.stdout + said.stderr).splitlines()[0])

    def enter(self):
        return ["chroot", self.root] if self.root else []

    def write(self, folder, name, text):
        """Writes a file and tells its path, as the peer sees it."""
        if self.root:
            folder = self.root / "tmp/ringway-bench"
            folder.mkdir(exist_ok=True)
        (folder / name).write_text(text)
        return pathlib.Path("/tmp/ringway-bench", name) if self.root else folder / name


class HAProxy(Rooted):
    def __init__(self, name, root, splice):
        super().__init__(name, "haproxy", root)
        self.splice = splice

    def command(self, folder):
        parts = [f"""global
  nbthread 1
  maxconn {MAX_CONNECTIONS}
  maxpipes {MAX_PIPES}
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
{self.splice}"""]
        for index, role in enumerate(ROLES):
            parts.append(f"listen {role}\n  bind {VIP}:{VIP_PORT + index}\n  server sink {SINK}:{SINK_PORT + index}\n")
        # -db: one process in the foreground, none beside it.
        return [*self.enter(), "haproxy", "-db", "-f", self.write(folder, f"{self.name}.cfg", "".join(parts))]


class Nginx(Rooted):
    def __init__(self, root):
        super().__init__("nginx", "nginx", root)

    def command(self, folder):
        servers = "".join(f"  server {{ listen {VIP}:{VIP_PORT + index} reuseport backlog=4096; "
                          f"proxy_pass {SINK}:{SINK_PORT + index}; }}\n" for index in range(len(ROLES)))
        config = f"""include /etc/nginx/modules-enabled/*-mod-stream.conf;
daemon off;
worker_processes 1;
error_log stderr crit;
pid PID;
events {{ worker_connections {2 * MAX_CONNECTIONS + 100}; }}
stream {{
  access_log off;
  tcp_nodelay on;
  proxy_connect_timeout 5s;
  proxy_timeout 1h;
{servers}}}
"""
        pid = self.write(folder, "nginx.pid", "")
        path = self.write(folder, "nginx.conf", config.replace("PID", str(pid)))
        return [*self.enter(), "nginx", "-e", "stderr", "-c", path]


class Dnat(Contender):
    """What kube-proxy's nftables mode makes of a Service: a map from address and port to a chain, which picks an
    endpoint at random and rewrites the destination. No process takes part."""

    def __init__(self, folder):
        machine.need("nft")
        version = subprocess.run(["nft", "--version"], capture_output=True, text=True, check=False).stdout.strip()
        super().__init__("dnat", version, proxy=False)
        chains = "".join(f"""  chain endpoint-{role} {{
    ip protocol tcp dnat to {SINK}:{SINK_PORT + index}
  }}
  chain service-{role} {{
    numgen random mod 1 vmap {{ 0 : goto endpoint-{role} }}
  }}
""" for index, role in enumerate(ROLES))
        elements = ", ".join(f"{VIP} . tcp . {VIP_PORT + index} : goto service-{role}"
                             for index, role in enumerate(ROLES))
        self.rules = (folder / "dnat.nft").resolve()
        self.rules.write_text(f"""table ip ringway-bench {{
{chains}  map service-ips {{
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = {{ {elements} }}
  }}
  chain services {{
    ip daddr . meta l4proto . th dport vmap @service-ips
  }}
  chain output {{
    type nat hook output priority -100
    ct state new jump services
  }}
}}
""")

    def setup(self):
        return (f"nft -f '{self.rules}'",)


def frozen(binary, folder, name):
    """A copy: a build that goes on meanwhile must not change what is measured."""
    if not pathlib.Path(binary).is_file():
        raise machine.Failure(f"there is no {binary}")
    folder.mkdir(parents=True, exist_ok=True)
    return shutil.copy2(binary, folder / f"ringway-{name}")


def contenders(options, folder):
    """Those that this machine can run, in the order of the table, and a note for each that it cannot."""
    root = options.root if os.geteuid() == 0 else None
    ours = lambda name, binary, engine: Ringway(name, frozen(binary, folder / "bin", name), engine)
    makers = {
        "direct": Direct,
        "ringway-io_uring": lambda: ours("ringway-io_uring", options.binary, "io_uring"),
        "ringway-epoll": lambda: ours("ringway-epoll", options.binary, "epoll"),
        "haproxy-splice": lambda: HAProxy("haproxy-splice", root, "  option splice-auto\n"),
        "haproxy": lambda: HAProxy("haproxy", root, ""),
        "nginx": lambda: Nginx(root),
        "dnat": lambda: Dnat(folder),
    }
    for text in options.contender:
        name, sign, binary = text.partition("=")
        if not sign or not name or name in makers:
            raise machine.Failure(f"--contender {text}: NAME=BINARY, with a name that is not taken")
        makers[name] = lambda name=name, binary=binary: ours(name, binary, "io_uring")
    extra = [text.partition("=")[0] for text in options.contender]
    return pick(makers, ",".join([options.peers, *extra]) if options.peers else "")


def pick(makers, names):
    """Those of `names`, or all, that this machine can run, in their order, and a note for each that it cannot."""
    found, notes = [], {}
    for name in dict.fromkeys(names.split(",")) if names else makers:
        if name not in makers:
            raise machine.Failure(f"there is no contender {name}: {', '.join(makers)}")
        try:
            found.append(makers[name]())
        except machine.Failure as failure:
            notes[name] = str(failure)
    return found, notes
