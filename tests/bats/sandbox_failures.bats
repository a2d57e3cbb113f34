# shellcheck disable=SC2046,SC2086
load helpers
load sandbox_helpers

# What goes wrong while people use sandboxes: said in a line with its cause, nothing lost, cured by the command that it names.

# processes of ours that serve the sandbox NAME: the network's supervisor, the keeper
ours() {
	local p
	for p in $(grep -lsF -- "$T/root" /proc/[0-9]*/cmdline | cut -d/ -f3); do
		if [ "$(stat -c %u "/proc/$p" 2>/dev/null)" = 0 ] && grep -zqx sandbox "/proc/$p/cmdline"; then echo "$p"; fi
	done
}

@test "a server that ends at its start: its last lines, its data kept, and it starts when that is mended" {
	need_engine redis postgres
	up redis dev "$(some_port)"
	sql dev "SET k v" && sql dev SAVE
	does stop dev
	echo "no-such-setting 1" >>.sandboxes/dev/config/redis.conf
	refuses start dev
	has "The last lines of .sandboxes/dev/logs/server.log:" "no-such-setting 1" "the server ended before it was ready; its data are kept (.sandboxes/dev)"
	state_of dev stopped || state_of dev died
	sed -i '$d' .sandboxes/dev/config/redis.conf
	does start dev
	same "$(sql dev "GET k")" v
	does stop dev
	# data that it does not understand
	cp .sandboxes/dev/data/dump.rdb "$T/dump"
	echo garbage >.sandboxes/dev/data/dump.rdb
	refuses start dev
	has "RDB ERROR DETECTED"
	cp "$T/dump" .sandboxes/dev/data/dump.rdb
	does start dev
	same "$(sql dev "GET k")" v
	does create postgres two
	echo "no_such = 1" >>.sandboxes/two/config/postgresql.conf
	refuses start two
	has 'unrecognized configuration parameter "no_such"' "its data are kept"
	sed -i '$d' .sandboxes/two/config/postgresql.conf
	does start two
	same "$(sql two "SELECT 2")" 2
}

@test "a server that stands still: status says so, start lets it go on, stop ends it" {
	need_engine redis
	does create redis dev "$(some_port)"
	does start dev
	kill -STOP "$(field dev pid)"
	state_of dev paused
	output=$(timeout 1 redis-cli -p "$(conf dev DB_PORT)" ping || true)
	lacks PONG NOAUTH
	does start dev
	same "$(sql dev PING)" PONG
	kill -STOP "$(field dev pid)"
	does stop dev
	lacks killed
	state_of dev stopped
}

@test "kill -9 of the server, its supervisor, both, its keeper: told, started again with its data, destroyed" {
	need_engine redis
	local p pid
	up redis dev "$(some_port)" --set appendonly=yes --ttl 1h
	sql dev "SET k v"
	for what in server supervisor both keeper; do
		pid=$(field dev pid)
		p=$(ours)
		case $what in
		server) kill -KILL "$pid" ;;
		both) kill -KILL $p "$pid" ;;
		supervisor | keeper) kill -KILL $p ;;
		esac
		[ $what = supervisor ] || [ $what = keeper ] || eventually state_of dev died
		does restart dev
		same "$what $(sql dev "GET k")" "$what v"
		does status dev
	done
	kill -KILL $(ours) "$(field dev pid)"
	does destroy dev
	tidy
	up redis dev "$(some_port)"
	kill -KILL $(ours)
	does destroy dev
	tidy
}

@test "a keeper that was killed: prune ends what has expired" {
	need_engine redis
	up redis dev "$(some_port)" --ttl 2s
	kill -KILL $(ours)
	sleep 2.3
	[ -d .sandboxes/dev ]
	does prune
	has "removed sandbox dev: it expired"
	[ ! -e .sandboxes/dev ]
}

@test "PostgreSQL killed with a transaction in it: what was committed is there, what was not is not" {
	need_engine postgres
	up postgres dev "$(some_port)"
	sql dev "CREATE TABLE t(x int)"
	sql dev "INSERT INTO t SELECT generate_series(1, 1000)"
	(sql dev "BEGIN; INSERT INTO t VALUES (0); SELECT pg_sleep(30)" >"$T/open" 2>&1 3>&- || true) &
	eventually eval 'sql dev "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '\''BEGIN%'\''" | grep -qx 1'
	kill -KILL "$(field dev pid)"
	wait
	eventually state_of dev died
	does start dev
	same "$(sql dev "SELECT count(*), min(x) FROM t")" "1000|1"
}

@test "the disk gets full under a server: it says so, what was written stays, and it goes on when there is room" {
	need_engine redis
	mkdir "$T/disk"
	mount -t tmpfs -o size=3m none "$T/disk"
	mkdir "$T/disk/.sandboxes"
	cd "$T/disk"
	up redis dev "$(some_port)" --storage copy
	sql dev "SET k v"
	same "$(sql dev SAVE)" OK
	dd if=/dev/zero of=fill bs=4k status=none 2>/dev/null || true
	sql dev "SET k2 v2"
	output=$(sql dev SAVE || true)
	lacks OK
	does stop dev --timeout 2s || true
	does list
	refuses snapshot dev || true
	kill -KILL "$(field dev pid)" 2>/dev/null || true
	rm -f fill
	does start dev
	same "$(sql dev "GET k")" v
	same "$(sql dev SAVE)" OK
	does stop dev
	# started on a disk that is full
	dd if=/dev/zero of=fill bs=4k status=none 2>/dev/null || true
	sb start dev || { output=$(cat "$T/out") && matches "[Nn]o space left"; }
	rm fill
	does start dev
	same "$(sql dev "GET k")" v
	does destroy dev
	cd "$T/tree"
	umount "$T/disk"
}

@test "a reboot: what ran counts as stopped, starts with its data; leases stay, sockets are made again" {
	need_engine redis
	local p s c
	up redis dev "$(some_port)"
	sql dev "SET k v" && sql dev SAVE
	p=$(conf dev DB_PORT) s=$(conf dev DB_SOCKET)
	kill -KILL $(ours) "$(field dev pid)"
	# /run is empty, and what has a boot id has another
	rm -rf "$T"/root/sb-* "${s%/*}"
	run rt sandbox status dev
	same "$status" 3
	refuses create redis other "$p"
	has "belongs to sandbox dev"
	does start dev
	same "$(conf dev DB_PORT) $(sql dev "GET k") $(over_socket dev "GET k")" "$p v v"
	for c in "$T"/root/sb-*/state.json; do
		jq -c '.boot_id = "00000000-0000-0000-0000-000000000000"' "$c" >"$T/new"
		kill -KILL $(ours) "$(field dev pid)"
		cp "$T/new" "$c"
	done
	state_of dev stopped || state_of dev died
	does start dev
	same "$(sql dev "GET k")" v
}

@test "files of a sandbox that are gone: configuration, logs, scripts, manifest; each is made again or named" {
	need_engine redis
	up redis dev "$(some_port)"
	sql dev "SET k v" && sql dev SAVE
	does stop dev
	rm -r .sandboxes/dev/logs
	refuses start dev
	has "dev/logs is not there"
	mkdir .sandboxes/dev/logs
	rm .sandboxes/dev/activate .sandboxes/dev/config/redis.conf
	does start dev
	same "$(sql dev "GET k")" v
	[ -s .sandboxes/dev/logs/server.log ]
	does stop dev
	rm .sandboxes/dev/config/capabilities.json
	refuses start dev
	has capabilities.json
	echo '{"version": "1.0", "capabilties": {}}' >.sandboxes/dev/config/capabilities.json
	refuses start dev
	has "capabilities.json" "did you mean"
	does destroy dev
}
