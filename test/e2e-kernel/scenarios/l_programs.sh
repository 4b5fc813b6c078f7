# (l) Unmodified programs and what they do with TCP sockets, in pods whose sockets the switch makes SMC's.
# shellcheck shell=bash disable=SC2154 # variables of lib/

node_up
pod_up A
pod_up B
smc-node-agent run --once --ueid "$eid" --pnetid "$pnetid" >/tmp/agent.out 2>&1 || cat /tmp/agent.out
for pod in A B; do
  set_up_pod $pod
  nsenter --net="/run/netns/pod$pod" smc-switch on # not in_pod, which has a /sys of its own
done

# start_nc NAME LETTER TEXT ARGUMENT...: nc in that pod, which sends TEXT and stays connected until the row ends.
start_nc() {
  local name=$1 pod=$2 text=$3 input
  shift 3
  rm -f "/tmp/$name.in"
  mkfifo "/tmp/$name.in"
  exec {input}<>"/tmp/$name.in"
  printf '%b' "$text" >&"$input"
  # shellcheck disable=SC2016 # the inner shell's
  start "$name" in_pod "$pod" sh -c 'in=$1 && shift && exec nc "$@" <"$in"' sh "/tmp/$name.in" "$@"
}

# talk PORT REQUEST ANSWER: nc in A asks the server in B and stays connected.
talk() {
  start_nc client A "$2" "$(pod_address B)" "$1"
  eventually 60 grep -qaF -- "$3" /tmp/client.out
}

# modes_are MODE: that the kernel's table has of every established socket of both pods, and there is one in each.
modes_are() {
  holds "length >= 1 and all(.mode == \"$1\")" connections A
  holds "length >= 1 and all(.mode == \"$1\")" connections B
  note "$1 at both ends"
}

# listens PORT: a program of B does.
listens() { in_pod B ss -Hltn "sport = :$1" | grep -q .; }

static_binary() {
  serve B tcp
  hold A tcp "$(pod_address B):5000" --requests 100
  modes_are smcr
}

netcat() {
  start_nc server B 'said by the server\n' -l "$(pod_address B)" 5000
  eventually 60 listens 5000
  talk 5000 'said by the client\n' "said by the server"
  eventually 60 grep -q "said by the client" /tmp/server.out
  modes_are smcr
}

python() {
  mkdir -p /tmp/www
  echo "a page" >/tmp/www/page
  start server in_pod B python3 -c "
import http.server
class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
http.server.ThreadingHTTPServer(('', 8000), lambda *a: Handler(*a, directory='/tmp/www')).serve_forever()"
  eventually 60 listens 8000
  talk 8000 'GET /page HTTP/1.1\r\nHost: b\r\n\r\n' "a page"
  modes_are smcr
}

# As it is configured for load: several workers with a listener each, sendfile, edge-triggered epoll.
nginx_server() {
  mkdir -p /tmp/nginx/www
  echo root:x:0:0::/root:/bin/sh >/etc/passwd # as the packages that make these would, were they configured
  echo root:x:0: >/etc/group
  head -c 1000000 /dev/urandom | base64 -w 0 >/tmp/nginx/www/page
  echo END-OF-PAGE >>/tmp/nginx/www/page
  cat >/tmp/nginx/conf <<'CONF'
user root root;
daemon off;
worker_processes 2;
error_log stderr;
pid /tmp/nginx/pid;
events { use epoll; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  client_body_temp_path /tmp/nginx/1; proxy_temp_path /tmp/nginx/2; fastcgi_temp_path /tmp/nginx/3;
  uwsgi_temp_path /tmp/nginx/4; scgi_temp_path /tmp/nginx/5;
  server { listen 80 reuseport so_keepalive=on; root /tmp/nginx/www; }
}
CONF
  start server in_pod B nginx -c /tmp/nginx/conf
  eventually 60 listens 80
  talk 80 'GET /page HTTP/1.1\r\nHost: b\r\n\r\n' END-OF-PAGE
  modes_are smcr
  grep -qaF "$(tail -c 1000 /tmp/nginx/www/page)" /tmp/client.out
}

redis() {
  start server in_pod B redis-server --port 6379 --bind 0.0.0.0 --protected-mode no --save "" --dir /tmp
  eventually 60 listens 6379
  equal "$(in_pod A redis-cli -h "$(pod_address B)" SET key value)" OK "the answer to SET"
  talk 6379 'GET key\r\n' value
  modes_are smcr
}

# go_server ADDRESS: a program in Go, whose runtime makes the system calls itself.
go_server() {
  start server in_pod B prometheus-node-exporter --collector.disable-defaults --collector.loadavg \
    --web.listen-address="$1:9100"
  eventually 60 listens 9100
  talk 9100 'GET /metrics HTTP/1.1\r\nHost: b\r\n\r\n' node_load1
}

go_program() {
  go_server "$(pod_address B)"
  modes_are smcr
}

# Go listens on an IPv6 socket then, for both families, and the switch is for IPv4 sockets.
go_any_address() {
  go_server 0.0.0.0
  holds 'length == 1 and .[0].reason == "03010000"' connections A
  holds '. == []' connections B
  note "client 03010000, server TCP"
}

# feature NAME CLIENT SERVER: the feature works, and the ends are of these modes: "smcr", or why they are TCP, as a JSON
# list; [] where the program has a TCP socket and nothing else.
feature() {
  local said
  said=$(socket_features.py "$1" "$(pod_address B)")
  equal "$(jq -c '.client | unique' <<<"$said")" "$2" "the client's mode"
  equal "$(jq -c '.server | unique' <<<"$said")" "$3" "the server's mode"
  note "client $(jq -r '.client | unique | join(" ")' <<<"$said"), server $(jq -r '.server | unique | join(" ")' <<<"$said")"
}

reuse_port() { feature reuse_port '["smcr"]' '["smcr"]'; }
no_delay() { feature no_delay '["smcr"]' '["smcr"]'; }
user_timeout() { feature user_timeout '["smcr"]' '["smcr"]'; }
keepalive() { feature keepalive '["smcr"]' '["smcr"]'; }
sendfile() { feature sendfile '["smcr"]' '["smcr"]'; }
epoll() { feature edge_triggered_epoll '["smcr"]' '["smcr"]'; }
connect_later() { feature non_blocking_connect '["smcr"]' '["smcr"]'; }
fork() { feature fork_with_listener '["smcr"]' '["smcr"]'; }

original_destination() {
  in_pod B nft -f - <<'NFT'
table ip mesh {
  chain prerouting {
    type nat hook prerouting priority dstnat
    tcp dport 5000 redirect to :15000
  }
}
NFT
  feature original_destination '["smcr"]' '["smcr"]'
  in_pod B nft delete table ip mesh
}

# fallbacks LETTER CODE: how many of that pod's sockets have fallen back for that reason.
fallbacks() { in_pod "$1" smc-look fallbacks | jq --arg code "$2" '[.[] | select(.code == $code).count] | add // 0'; }

fast_open_client() {
  local before
  before=$(fallbacks A 03060000)
  feature fast_open_client '["03060000"]' '["03010000"]'
  equal "$(fallbacks A 03060000)" $((before + 1)) "fallbacks counted"
}

fast_open_server() {
  local before
  before=$(fallbacks B 03060000)
  feature fast_open_server '["03010000"]' '[]'
  equal "$(fallbacks B 03060000)" $((before + 1)) "fallbacks counted"
}

kernel_tls() { feature kernel_tls '["smcr"]' '["smcr"]'; }

row "a static binary" static_binary
row "nc to nc" netcat
row "python3's HTTP server" python
row "nginx: two workers with SO_REUSEPORT, sendfile, 1.3 MB" nginx_server
row "redis, redis-cli" redis
row "a server in Go on the pod's address" go_program
row "a server in Go on any address: IPv6, stays TCP" go_any_address
row "SO_REUSEPORT: two listeners share a port's connections" reuse_port
row "TCP_NODELAY at both ends" no_delay
row "TCP_USER_TIMEOUT is kept" user_timeout
row "keepalive: an idle connection stays" keepalive
row "sendfile" sendfile
row "edge-triggered epoll: one edge for each arrival" epoll
row "a non-blocking connect, and one that is refused" connect_later
row "children of a fork accept on their parent's listener" fork
row "SO_ORIGINAL_DST behind a redirect" original_destination
row "TCP_FASTOPEN of a client: falls back, counted" fast_open_client
row "TCP_FASTOPEN of a server: falls back, counted" fast_open_server
row "kernel TLS is refused, the connection stays SMC-R" kernel_tls

smc-node-agent uninstall >/dev/null
node_down
