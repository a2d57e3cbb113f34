#!/usr/bin/env bats
# Unmodified programs behind network grants: servers, clients, and what they say to each other. The "host" is a network namespace of the test's.
# bats file_tags=broker

setup_file() {
	[ "$(id -u)" = 0 ] || skip "needs root for the servers' users"
	export BOX="${B:-build}/tests/broker/box"
	WORK=$(mktemp -d /tmp/wasirun-programs-XXXXXX)
	export WORK
	chmod 777 "$WORK"
	unshare -n sleep 600 >/dev/null 2>&1 3>&- 4>&- &
	echo $! >"$WORK/host.pid"
	for _ in $(seq 100); do # until it is in its namespace
		[ "$(readlink /proc/self/ns/net)" != "$(readlink "/proc/$(cat "$WORK/host.pid")/ns/net")" ] && break
		sleep 0.05
	done
	in_host ip link set lo up
	in_host ip addr add 203.0.113.5/32 dev lo
}

teardown_file() {
	[ -n "${WORK-}" ] || return 0
	kill "$(cat "$WORK/host.pid")" || true
	rm -rf "$WORK"
}

in_host() { ${EXEC-} nsenter -t "$(cat "$WORK/host.pid")" -n "$@"; }
box() { in_host "$BOX" --report "$WORK/refused" "$@"; }
as() { # USER: the box itself runs as an ordinary user
	local user=$1
	shift
	in_host setpriv --reuid "$user" --regid "$user" --clear-groups "$BOX" "$@"
}

# The server in the background, until COMMAND says that it is there.
wait_for() {
	for _ in $(seq 150); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	echo "not there: $*"
	"$@" || true
	tail -20 "$WORK/log" "$WORK/refused" || true
	return 1
}

teardown() {
	local p
	for p in server upstream; do
		[ ! -e "$WORK/$p.pid" ] || kill "$(cat "$WORK/$p.pid")" 2>/dev/null || true
		rm -f "$WORK/$p.pid"
	done
}

serve() {
	EXEC="exec" "$@" >"$WORK/log" 2>&1 3>&- 4>&- & # so that the process is the box's own
	echo $! >"$WORK/server.pid"
}

@test "redis: served from inside, and used from inside" {
	cd "$WORK"
	serve box --listen 203.0.113.5:6379 -- redis-server --port 6379 --bind 0.0.0.0 --protected-mode no --save "" --dir "$WORK"
	wait_for in_host redis-cli -h 203.0.113.5 ping
	[ "$(in_host redis-cli -h 203.0.113.5 set key value)" = OK ]
	[ "$(box --connect 203.0.113.5:6379 -- redis-cli -h 203.0.113.5 get key)" = value ]
	run box --connect 203.0.113.5:1 -- redis-cli -h 203.0.113.5 get key
	[[ $output == *"Permission denied"* ]]
	in_host redis-benchmark -h 203.0.113.5 -q -n 2000 -c 50 -t set,get >/dev/null
}

@test "postgres: initialised and served as an ordinary user" {
	cd "$WORK"
	bin=$(echo /usr/lib/postgresql/*/bin)
	as postgres --listen 203.0.113.5:5432 -- "$bin/initdb" -D "$WORK/pg" -U postgres --auth=trust >/dev/null
	echo 'host all all 0.0.0.0/0 trust' >>"$WORK/pg/pg_hba.conf"
	serve as postgres --listen 203.0.113.5:5432 -- "$bin/postgres" -D "$WORK/pg" -c 'listen_addresses=*' -c "unix_socket_directories=$WORK"
	wait_for in_host psql -h 203.0.113.5 -U postgres -c 'select 1'
	[ "$(as postgres --connect 203.0.113.5:5432 -- psql -h 203.0.113.5 -U postgres -Atc 'select 6*7')" = 42 ]
	in_host psql -h 203.0.113.5 -U postgres -qc 'create table t as select generate_series(1,100000) n' -c 'analyze t'
	[ "$(in_host psql -h 203.0.113.5 -U postgres -Atc 'set max_parallel_workers_per_gather=2' -c 'select count(*) from t' | tail -1)" = 100000 ]
}

@test "mariadb: initialised and served as an ordinary user" {
	cd "$WORK"
	install -d -o mysql -g mysql "$WORK/my"
	as mysql --listen 203.0.113.5:3306 -- mariadb-install-db --no-defaults --datadir="$WORK/my" --skip-test-db \
		--auth-root-authentication-method=normal >"$WORK/log" 2>&1 || { cat "$WORK/log"; false; }
	printf '%s\n' "create user u@'%';" "grant all on *.* to u@'%';" >"$WORK/my.sql" # one a line
	chmod 644 "$WORK/my.sql"
	serve as mysql --listen 203.0.113.5:3306 -- mariadbd --no-defaults --datadir="$WORK/my" --socket="$WORK/my/sock" --pid-file="$WORK/my/pid" \
		--bind-address=0.0.0.0 --init-file="$WORK/my.sql" --skip-name-resolve
	wait_for in_host mariadb --no-defaults -h 203.0.113.5 -u u -e 'select 1'
	[ "$(as mysql --connect 203.0.113.5:3306 -- mariadb --no-defaults -h 203.0.113.5 -u u -BNe 'select 6*7')" = 42 ]
	run as mysql --connect 203.0.113.5:1 -- mariadb --no-defaults -h 203.0.113.5 -u u -BNe 'select 6*7'
	[[ $status != 0 && $output != *42* ]]
}

@test "nginx with several workers, as a server and as a proxy; curl" {
	cd "$WORK"
	cat >nginx.conf <<-EOF
	daemon off; pid $WORK/nginx.pid; error_log $WORK/nginx.log; worker_processes 3;
	events { worker_connections 64; }
	http {
		access_log off; client_body_temp_path $WORK/1; proxy_temp_path $WORK/2; fastcgi_temp_path $WORK/3;
		uwsgi_temp_path $WORK/4; scgi_temp_path $WORK/5;
		server { listen 203.0.113.5:8080 reuseport; location / { return 200 "\$server_port\n"; } }
		server { listen 8081; location / { proxy_pass http://203.0.113.5:8082; } }
		server { listen [::]:8083 ipv6only=off; location / { return 200 "dual\n"; } }
	}
	EOF
	EXEC="exec" in_host python3 -m http.server --bind 203.0.113.5 8082 >/dev/null 2>&1 3>&- 4>&- &
	echo $! >"$WORK/upstream.pid"
	chmod 755 "$WORK/nginx.conf"
	serve as www-data --listen 203.0.113.5:8080-8081 --listen '[::]:8083' --connect 203.0.113.5:8082 -- nginx -c "$WORK/nginx.conf" -p "$WORK"
	wait_for in_host curl -sf http://203.0.113.5:8080/
	for _ in 1 2 3 4 5 6 7 8; do
		[ "$(in_host curl -s http://203.0.113.5:8080/)" = 8080 ]
	done
	wait_for in_host curl -sf -o /dev/null http://203.0.113.5:8082/
	[ "$(in_host curl -s -o /dev/null -w '%{http_code}' http://203.0.113.5:8081/)" = 200 ]
	[ "$(in_host curl -s 'http://[::1]:8083/')" = dual ]
	[ "$(in_host curl -s http://127.0.0.1:8083/)" = dual ]
	[ "$(box --connect 203.0.113.5:8080 -- curl -s http://203.0.113.5:8080/)" = 8080 ]
}

@test "Python: asyncio as client and server, inside and through grants" {
	cat >"$WORK/a.py" <<-'EOF'
	import asyncio, sys
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
	EOF
	[ "$(box --listen 203.0.113.5:9000 --connect 203.0.113.5:9000 -- python3 "$WORK/a.py")" = well ]
	grep -q 'connect 203.0.113.5:9001: no grant' "$WORK/refused"
}

@test "the supervisor is small" {
	serve box --listen 203.0.113.5:9000 -- sleep 30
	sleep 1
	local p pss found='' host
	host=$(readlink "/proc/$(cat "$WORK/host.pid")/ns/net")
	for p in /proc/[0-9]*; do
		[ "$(cat "$p/comm" 2>/dev/null)" = wasirun-network ] && [ "$(readlink "$p/ns/net")" = "$host" ] || continue
		pss=$(awk '/^Pss:/ {print $2}' "$p/smaps_rollup" 2>/dev/null) || true
		[ -n "$pss" ] || continue # one that has ended and is not reaped
		echo "$pss kB"
		found=1
		[ "$pss" -lt 1024 ] # what is its own, and its share of libc
	done
	[ -n "$found" ]
}
