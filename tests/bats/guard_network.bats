# guard with network grants. The "host" is a network namespace of the test's, where nothing else listens.

load helpers

setup_file() {
	[ "$(id -u)" = 0 ] && command -v ip >/dev/null || return 0
	unshare -n --kill-child sleep 600 3>&- 4>&- &
	export HOST=$!
	for _ in $(seq 100); do # until it is in its namespace
		[ "$(readlink /proc/self/ns/net)" != "$(readlink "/proc/$HOST/ns/net")" ] && break
		sleep 0.05
	done
	in_host ip link set lo up
	in_host ip addr add 203.0.113.5/32 dev lo
	in_host ip -6 addr add 2001:db8::5/128 dev lo nodad
}

teardown_file() {
	[ -z "${HOST-}" ] || kill "$HOST"
}

in_host() { nsenter -t "$HOST" -n "$@"; }

# As root in the test's namespace; SERVER of the next tests runs there, too.
guard() { in_host timeout --foreground -k 2 "$LIMIT" "$RUNTIME" --root "$T/root" guard "$@" 3>&- 4>&-; }

need() {
	wasirun_only
	need_root
	local p
	for p; do
		command -v "$p" >/dev/null || skip "no $p"
	done
}

# A program of the host's, or guard; ended by teardown.
background() {
	[ "$1" != guard ] || set -- "$RUNTIME" --root "$T/root" "$@"
	nsenter -t "$HOST" -n "$@" >"$T/server" 2>&1 </dev/null 3>&- 4>&- &
	AGENTS+=($!)
}

# An ordinary user with a copy of the runtime that he can reach.
AS_USER=(setpriv --reuid 12345 --regid 12345 --clear-groups env -u SUDO_UID)
user_setup() {
	mkdir "$T/run"
	chown 12345:12345 "$T/run"
	cp "$RUNTIME" "$T/wasirun"
	chmod 755 "$T" "$T/wasirun"
	AS_USER+=(XDG_RUNTIME_DIR="$T/run" "$T/wasirun" guard)
}

http() { # PORT: a server of the host's
	background /usr/bin/python3 -m http.server --bind 203.0.113.5 --directory "$T/www" "$1"
	eventually in_host curl -sf "http://203.0.113.5:$1/"
}

@test "guard network: an address that is granted is reached, another one is refused and told with its grant" {
	need curl ip
	mkdir "$T/www"
	echo hello >"$T/www/f"
	http 8001
	ok guard --connect 203.0.113.5:8001 -- curl -s http://203.0.113.5:8001/f
	same "$output" hello
	run guard --connect 203.0.113.5:8001 -- sh -c 'for i in 1 2 3; do curl -s http://203.0.113.5:8002/; done'
	[ "$status" -ne 0 ]
	has 'connect 203.0.113.5:8002: no grant; --connect 203.0.113.5:8002, or in a manifest: "network": {"connect": ["203.0.113.5:8002"]}'
	same "$(grep -c 'no grant' <<<"$output")" 1
	run guard --connect 203.0.113.5:8001 -- curl -s http://127.0.0.1:8001/ # its own loopback
	same "$status" 7
}

@test "guard network: what a manifest grants; a program that asks for more ends as it would" {
	need curl ip
	mkdir "$T/www"
	echo hello >"$T/www/f"
	http 8001
	echo '{"version": "1.0", "capabilities": {"network": {"connect": ["203.0.113.0/24:8000-8001"]}}}' >"$T/m.json"
	ok guard --manifest "$T/m.json" -- curl -s http://203.0.113.5:8001/f
	same "$output" hello
	echo '{"version": "1.0"}' >"$T/m.json"
	run guard --manifest "$T/m.json" -- curl -s http://203.0.113.5:8001/f
	same "$status" 7
	lacks "no grant" # without grants there is no supervisor
}

@test "guard network: an ordinary user has the same grants" {
	need curl ip setpriv
	mkdir "$T/www"
	echo hello >"$T/www/f"
	http 8001
	user_setup
	ok in_host timeout 20 "${AS_USER[@]}" --connect 203.0.113.5:8001 -- sh -c 'curl -s http://203.0.113.5:8001/f; id -u; curl -s http://203.0.113.5:8002/; echo done'
	line hello 12345 "done"
	has "connect 203.0.113.5:8002: no grant"
}

@test "guard network: a listener is reached from outside, at the address that was granted" {
	need curl ip
	mkdir "$T/www"
	echo inside >"$T/www/f"
	background guard --read "$T/www" --listen 203.0.113.5:8010 -- /usr/bin/python3 -m http.server --directory "$T/www" --bind 0.0.0.0 8010
	eventually in_host curl -sf http://203.0.113.5:8010/f
	same "$(in_host curl -s http://203.0.113.5:8010/f)" inside
	run in_host curl -s http://127.0.0.1:8010/f
	same "$status" 7
	run guard --listen 203.0.113.5:8010 -- /usr/bin/python3 -c 'import socket; socket.socket().bind(("203.0.113.5", 8011))'
	[ "$status" -ne 0 ]
	has "listen 203.0.113.5:8011: no grant; --listen 203.0.113.5:8011"
	lacks "8010: no grant"
}

@test "guard network: Redis inside, its client inside another one" {
	need redis-server redis-cli ip
	background guard --listen 0.0.0.0:6379 --tmpfs /tmp:8M -- redis-server --port 6379 --bind 0.0.0.0 --protected-mode no --save "" --dir /tmp
	eventually in_host redis-cli -h 203.0.113.5 ping
	ok in_host redis-cli -h 203.0.113.5 set key value
	ok guard --connect 203.0.113.5:6379 -- redis-cli -h 203.0.113.5 get key
	same "$output" value
	run guard --connect 203.0.113.5:1 -- redis-cli -h 203.0.113.5 get key
	has "Permission denied" "connect 203.0.113.5:6379: no grant"
}

@test "guard network: nginx with two workers, bound before it forks" {
	need nginx curl ip setpriv
	cat >"$T/nginx.conf" <<-E
	daemon off; pid /tmp/pid; error_log /dev/null; worker_processes 2;
	events { worker_connections 64; }
	http {
		access_log off; client_body_temp_path /tmp/1; proxy_temp_path /tmp/2; fastcgi_temp_path /tmp/3; uwsgi_temp_path /tmp/4;
		scgi_temp_path /tmp/5;
		server { listen 203.0.113.5:8020; location / { return 200 "one\n"; } }
		server { listen [::]:8021 ipv6only=off reuseport; location / { return 200 "two\n"; } }
	}
	E
	chmod 644 "$T/nginx.conf"
	user_setup
	background "${AS_USER[@]}" --read "$T/nginx.conf" --tmpfs /tmp:8M --listen 203.0.113.5:8020 --listen '[::]:8021' -- nginx -c "$T/nginx.conf" -p /tmp -e /tmp/log
	eventually in_host curl -sf http://203.0.113.5:8020/
	for _ in 1 2 3 4 5 6; do
		same "$(in_host curl -s http://203.0.113.5:8020/)" one
		same "$(in_host curl -s 'http://[2001:db8::5]:8021/')" two
		same "$(in_host curl -s http://203.0.113.5:8021/)" two
	done
}

@test "guard network: Python's asyncio, inside and through grants" {
	need ip
	[ -x /usr/bin/python3 ] || skip "no /usr/bin/python3"
	cat >"$T/a.py" <<-'E'
	import asyncio
	async def handle(r, w):
	    w.write((await r.readline()).upper()); await w.drain(); w.close()
	async def ask(host, port, text):
	    r, w = await asyncio.open_connection(host, port)
	    w.write(text + b"\n"); await w.drain()
	    got = await r.readline(); w.close(); return got.strip()
	async def main():
	    local = await asyncio.start_server(handle, "localhost", 0)
	    port = local.sockets[0].getsockname()[1]
	    got = await asyncio.gather(*[ask("127.0.0.1", port, b"local%d" % i) for i in range(50)])
	    assert got == [b"LOCAL%d" % i for i in range(50)], got
	    outer = await asyncio.start_server(handle, "0.0.0.0", 9000)
	    got = await asyncio.gather(*[ask("203.0.113.5", 9000, b"outer%d" % i) for i in range(50)])
	    assert got == [b"OUTER%d" % i for i in range(50)], got
	    try:
	        await ask("203.0.113.5", 9001, b"x")
	    except PermissionError:
	        print("well")
	asyncio.run(main())
	E
	ok guard --read "$T/a.py" --listen 203.0.113.5:9000 --connect 203.0.113.5:9000 -- /usr/bin/python3 "$T/a.py"
	line well
	has 'connect 203.0.113.5:9001: no grant'
}

# A name server of the host's: it knows db.example.test and evil.example.test, and counts who asks.
nameserver() {
	cat >"$T/dns.py" <<-'E'
	import socket, sys
	known = {b"\x02db\x07example\x04test": bytes([203, 0, 113, 5]), b"\x04evil\x07example\x04test": bytes([127, 0, 0, 1])}
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.bind(("127.0.0.53", 53))
	print("ready", flush=True)
	while True:
	    q, who = s.recvfrom(512)
	    end = q.index(b"\0", 12)
	    name, kind = q[12:end].lower(), q[end + 1:end + 3]
	    print("asked", name, flush=True)
	    a = known.get(name) if kind == b"\0\1" else None
	    head = q[:2] + (b"\x81\x80" if name in known else b"\x81\x83") + b"\0\1" + (b"\0\1" if a else b"\0\0") + b"\0\0\0\0"
	    s.sendto(head + q[12:end + 5] + (b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + a if a else b""), who)
	E
	echo "nameserver 127.0.0.53" >"$T/resolv.conf"
	background /usr/bin/python3 "$T/dns.py"
	eventually grep -q ready "$T/server"
}
# The host's resolv.conf is another one, in a mount namespace of this command's.
resolving() {
	in_host unshare -m sh -c "mount --bind $T/resolv.conf /etc/resolv.conf && exec timeout --foreground -k 2 $LIMIT $RUNTIME --root $T/root guard \"\$@\"" - "$@" 3>&- 4>&-
}

@test "guard network: a granted name is resolved and reached; another one is asked of nobody" {
	need curl ip
	mkdir "$T/www"
	echo hello >"$T/www/f"
	nameserver
	mv "$T/server" "$T/asked"
	http 8001
	ok resolving --connect db.example.test:8001 -- curl -sS http://db.example.test:8001/f
	line hello
	ok resolving --connect db.example.test:8001 -- /usr/bin/python3 -c '
import socket
print(socket.getaddrinfo("db.example.test", 8001, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)[0][4])
for name in ("other.example.test", "evil.example.test"):
    try:
        print("RESOLVED", socket.getaddrinfo(name, 80))
    except socket.gaierror:
        print("no such name")
'
	line "('203.0.113.5', 8001)" "no such name"
	lacks RESOLVED
	grep -q "asked.*db" "$T/asked"
	! grep -q -e other -e evil "$T/asked" || { cat "$T/asked"; return 1; }
	# an address that nobody resolved is not reached by it, a port that was not granted neither
	run resolving --connect db.example.test:8001 -- curl -s http://203.0.113.5:8001/f
	has "connect 203.0.113.5:8001: no grant"
	run resolving --connect db.example.test:8002 -- curl -s http://db.example.test:8001/f
	[ "$status" -ne 0 ]
}

@test "guard network: a name must not lead into the host's own network" {
	need curl ip
	nameserver
	run resolving --connect evil.example.test:8001 -- curl -sS http://evil.example.test:8001/
	same "$status" 6 # curl: could not resolve host
}

@test "guard network: localhost means the host's where it is granted, the sandbox's where it is not" {
	need curl ip
	mkdir "$T/www"
	echo hello >"$T/www/f"
	background /usr/bin/python3 -m http.server --bind 127.0.0.1 --directory "$T/www" 8030
	eventually in_host curl -sf http://127.0.0.1:8030/
	ok guard --connect localhost:8030 -- curl -s http://localhost:8030/f
	same "$output" hello
	ok guard --connect 127.0.0.1:8030 -- curl -s http://127.0.0.1:8030/f
	same "$output" hello
	run guard --connect '*:8030' -- curl -s http://127.0.0.1:8030/f
	same "$status" 7
}

# The supervisors whose host is the test's namespace.
supervisors() {
	local p
	for p in $(pgrep -x wasirun-network); do
		[ "$(readlink "/proc/$p/ns/net")" != "$(readlink "/proc/$HOST/ns/net")" ] || echo "$p"
	done
}

@test "guard network: no supervisor stays, whatever ends the command" {
	need ip
	none() { [ -z "$(supervisors)" ]; }
	one() { [ "$(supervisors | wc -l)" = 1 ]; }
	ok guard --listen 127.0.0.1:8040 -- true
	eventually none
	run guard --listen 127.0.0.1:8040 --timeout 300ms -- sleep 60
	same "$status" 124
	eventually none
	background guard --listen 127.0.0.1:8040 -- sleep 60
	eventually one
	kill -KILL "${AGENTS[-1]}"
	eventually rt list -q
	rt list -q | while read -r id; do rt delete --force "$id"; done
	eventually none
}

@test "guard network: the supervisor holds none of our streams and no right of root's" {
	need ip
	background guard --listen 127.0.0.1:8040 -- sleep 60
	one() { [ "$(supervisors | wc -l)" = 1 ]; }
	eventually one
	p=$(supervisors)
	run grep -E '^(CapEff|CapPrm|CapInh|CapAmb|NoNewPrivs|Seccomp):' "/proc/$p/status"
	line $'CapEff:\t0000000000000000' $'CapPrm:\t0000000000000000' $'NoNewPrivs:\t1' $'Seccomp:\t2'
	for fd in 0 1 2; do same "$(readlink "/proc/$p/fd/$fd")" /dev/null; done
	run find "/proc/$p/fd" -type l -printf '%l\n'
	has socket
	lacks "$T"
}

inside() { in_host timeout "$LIMIT" "$RUNTIME" --root "$T/root" exec "$(rt list -q)" "$@" 3>&- 4>&-; }

@test "guard network: exec has the same grants, and no more" {
	need curl ip
	mkdir "$T/www"
	echo hello >"$T/www/f"
	http 8001
	background guard --connect 203.0.113.5:8001 --listen 203.0.113.5:8050 -- sleep 60
	running() { inside true; }
	eventually running
	ok inside curl -s http://203.0.113.5:8001/f
	same "$output" hello
	run inside curl -s http://203.0.113.5:8002/
	same "$status" 7
	eventually grep -F 'connect 203.0.113.5:8002: no grant' "$T/server"
	ok inside sh -c 'grep -E "Seccomp_filters|NoNewPrivs" /proc/self/status'
	line $'NoNewPrivs:\t1' $'Seccomp_filters:\t2'
	inside /usr/bin/python3 -c 'import socket; s = socket.create_server(("0.0.0.0", 8050)); s.accept()[0].send(b"from exec")' 3>&- &
	AGENTS+=($!)
	answers() { [ "$(in_host timeout 2 bash -c 'cat </dev/tcp/203.0.113.5/8050')" = "from exec" ]; }
	eventually answers
	ok inside curl -s http://203.0.113.5:8001/f
	same "$(find "$T/root" -name network -printf '%m %y')" "600 s"
	same "$(find "$T/root" -mindepth 1 -maxdepth 1 -name 'guard-*' -printf '%m')" 700
}

@test "guard network: when the supervisor is killed, exec has no network, and nothing hangs" {
	need curl ip
	background guard --connect 203.0.113.5:8001 -- sleep 60
	running() { inside true; }
	eventually running
	kill -KILL "$(supervisors)"
	run inside sh -c 'curl -s http://203.0.113.5:8001/f; echo "curl $?"'
	has "supervisor of this container is gone"
	line "curl 7"
	run inside /usr/bin/python3 -c 'import socket; socket.socket().bind(("127.0.0.1", 0))'
	has "Function not implemented"
}

@test "guard network: a bundle's annotation grants nothing" {
	need ip
	config '.linux.namespaces+=[{"type":"user"}] | .linux.uidMappings=[{containerID:0,hostID:0,size:1}]
		| .linux.gidMappings=[{containerID:0,hostID:0,size:1}]
		| .annotations={"org.wasirun.grants":"{\"landlock\":\"off\",\"connect\":[\"tcp://203.0.113.5:8001\"],\"listen\":[\"tcp://203.0.113.5:8002\"]}"}'
	write_config
	ok rt plan --bundle "$BUNDLE"
	lacks broker
}
