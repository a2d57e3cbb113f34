load helpers
load sandbox_helpers

# Real servers from up to destroy, with their own clients; killed in every part, and data that survive it.

# What keeps a word, and what gives it back.
keep() {
	case $(conf "$1" SANDBOX_SERVER) in
	postgres) sql "$1" "CREATE TABLE IF NOT EXISTS kept(x text); INSERT INTO kept VALUES('$2')" ;;
	mariadb) sql "$1" "CREATE TABLE IF NOT EXISTS kept(x varchar(40)) ENGINE=InnoDB; INSERT INTO kept VALUES('$2')" ;;
	redis) sql "$1" "SET kept $2" && sql "$1" SAVE ;;
	esac
}
kept() {
	case $(conf "$1" SANDBOX_SERVER) in
	redis) sql "$1" "GET kept" ;;
	*) sql "$1" "SELECT x FROM kept" ;;
	esac
}
one() { if [ "$(conf "$1" SANDBOX_SERVER)" = redis ]; then echo PING; else echo "SELECT 1"; fi; }
answer() { if [ "$(conf "$1" SANDBOX_SERVER)" = redis ]; then echo PONG; else echo 1; fi; }

# With its password over TCP and over the socket; with another one or none over neither.
only_with_password() {
	local q host
	q=$(one "$1")
	for host in 127.0.0.1 socket; do
		same "$(ask $host "$1" "$q")" "$(answer "$1")"
		for PW in wrong none; do
			output=$(ask $host "$1" "$q" || true)
			! grep -qx "$(answer "$1")" <<<"$output" || { echo "let in with password $PW over $host: $output"; return 1; }
			matches "password|Access denied|WRONGPASS|NOAUTH"
		done
		PW=
	done
}

# The process of ours that serves its network, as the host's root sees it: it was our `up`, `start` or `restart`.
supervisor() {
	local p
	for p in $(grep -lsF -- "$T/root" /proc/[0-9]*/cmdline | cut -d/ -f3); do
		if [ "$(stat -c %u "/proc/$p" 2>/dev/null)" = 0 ] && grep -zqx sandbox "/proc/$p/cmdline"; then echo "$p"; fi
	done
}

life() {
	local e=$1 pid port
	up "$e" dev
	matches "^dev: .* on 127.0.0.1:[0-9]+, ready in [0-9]+ ms; source .sandboxes/dev/activate$"
	port=$(conf dev DB_PORT)
	only_with_password dev
	keep dev first
	up dev # twice is once
	has "running already"
	does stop dev
	fails sql dev "$(one dev)"
	state_of dev stopped
	[ ! -e "$(conf dev DB_SOCKET)" ]
	does start dev
	same "$(conf dev DB_PORT)" "$port"
	same "$(kept dev)" first
	# the server is killed
	pid=$(field dev pid)
	kill -KILL "$pid"
	eventually state_of dev died
	does start dev
	same "$(kept dev)" first
	only_with_password dev
	does restart dev
	same "$(kept dev)" first
	does destroy dev
	[ ! -e .sandboxes/dev ]
	tidy
}

@test "PostgreSQL: up, passwords over TCP and socket, stop, start, killed, restart, destroy" {
	need_engine postgres
	life postgres
}

@test "MariaDB: up, passwords over TCP and socket, stop, start, killed, restart, destroy" {
	need_engine mariadb
	life mariadb
}

@test "Redis: up, passwords over TCP and socket, stop, start, killed, restart, destroy" {
	need_engine redis
	life redis
}

@test "mysql: where there is none, MariaDB serves it, and says so" {
	need_engine mariadb
	[ ! -e /usr/sbin/mysqld ] || mariadbd --version | grep -q MariaDB || skip "a real mysqld is here"
	up mysql dev
	has "MariaDB"
	same "$(conf dev SANDBOX_ENGINE) $(conf dev SANDBOX_SERVER)" "mysql mariadb"
	same "$(sql dev "SELECT 6 * 7")" 42
	does env --json dev
	same "$(jq -r .DB_ENGINE "$T/out")" mysql
}

@test "the network's supervisor is killed: connections live on, status says so, restart heals" {
	need_engine redis
	up redis dev
	local sup fd
	sup=$(supervisor)
	[ -n "$sup" ]
	exec {fd}<>"/dev/tcp/127.0.0.1/$(conf dev DB_PORT)"
	printf 'AUTH %s\r\n' "$(conf dev DB_PASSWORD)" >&$fd
	read -r -t 5 output <&$fd
	has "+OK"
	kill -KILL $sup
	eventually ended "${sup%%$'\n'*}"
	printf 'PING\r\n' >&$fd
	read -r -t 5 output <&$fd
	has "+PONG"
	exec {fd}>&-
	run rt sandbox status dev
	has "dev: running" "restart"
	run rt sandbox list
	matches "^dev +redis [0-9.]+ +cut off"
	same "$(over_socket dev PING)" PONG
	does restart dev
	same "$(sql dev PING)" PONG
	run rt sandbox status dev
	lacks "restart"
	# and destroyed without one
	supervisor | xargs kill -KILL
	does destroy dev
	tidy
}

@test "kill -9 of wasirun at any time of up, start, stop, destroy: data stay, destroy cleans up" {
	need_engine redis
	local i pid
	up redis first # the template is there
	for i in 01 05 12 20 40; do
		behind up redis dev
		pid=$!
		sleep "0.0$i"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		up redis dev
		same "$(sql dev PING)" PONG
		keep dev "$i"
		behind stop dev
		pid=$!
		sleep "0.0$i"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		behind start dev
		pid=$!
		sleep "0.0$i"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		does start dev
		same "$(kept dev)" "$i"
		behind destroy dev
		pid=$!
		sleep "0.0$i"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		does destroy --force dev
		[ ! -e .sandboxes/dev ]
	done
	does destroy first
	# a create that is killed may have put itself down as the template's user before it had a configuration: template rm --force
	grep -lsF "$T/" "$WASIRUN_TEMPLATES"/*/users/* | xargs -r rm
	tidy
}

@test "PostgreSQL, its first start killed: the next one finishes it, password and all" {
	need_engine postgres
	local i pid
	for i in 10 30 60; do
		does create postgres dev
		behind start dev
		pid=$!
		sleep "0.$i"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		does start dev
		same "$(sql dev 'SELECT current_database()')" dev_db
		output=$(PW=wrong sql dev 'SELECT 1' || true)
		has "password authentication failed"
		does destroy dev
	done
	tidy
}

@test "5 PostgreSQL in parallel, each with a database of its own" {
	need_engine postgres
	local i p
	does create postgres first # the template is there
	for i in 1 2 3 4 5; do
		rt sandbox up postgres "p$i" >"$T/out.$i" 2>&1 </dev/null &
	done
	wait
	for i in 1 2 3 4 5; do
		grep "ready in" "$T/out.$i" || { cat "$T/out.$i"; return 1; }
		sql p$i "CREATE TABLE t AS SELECT $i AS x"
	done
	for i in 1 2 3 4 5; do same "$(sql p$i "SELECT x, current_database() FROM t")" "$i|p${i}_db"; done
	does destroy first p1 p2 p3 p4 p5
	tidy
}

@test "50 sandboxes side by side, all answer, nothing left" {
	need_engine redis
	local i n before
	need_memory 600
	up redis s0
	seq 1 49 | LIMIT=60 xargs -P 4 -I{} sh -c '"$0" --root "$1/root" sandbox up redis s{} >"$1/out.{}" 2>&1 </dev/null || cat "$1/out.{}"' "$RUNTIME" "$T" 3>&- 4>&-
	run rt sandbox list --json
	same "$(jq length <<<"$output")" 50
	same "$(jq -r '.[].state' <<<"$output" | sort | uniq -c | tr -s ' ')" " 50 running"
	same "$(jq -r '.[].port' <<<"$output" | sort -u | wc -l)" 50
	for ((i = 0; i < 50; i++)); do sql s$i "SET me s$i"; done >"$T/sets"
	for ((i = 0; i < 50; i++)); do same "$(sql s$i "GET me")" "s$i"; done
	mapfile -t all < <(rt sandbox list -q)
	does destroy "${all[@]}"
	same "$(grep -c "destroyed" <<<"$output")" 50
	tidy
	same "$(find "$T/root" -maxdepth 1 -name 'sb-*')" ""
}
