load helpers
load sandbox_helpers

# The commands as people type them: orders of arguments, exit codes, names that are not there, JSON; what ends with whom. With Redis.

# Does the last command's JSON say that?
json() { jq -e "$1" "$T/out" >/dev/null || { printf 'not so: %s\n' "$1"; cat "$T/out"; return 1; }; }
code() {
	local want=$1 rc=0
	shift
	sb "$@" || rc=$?
	output=$(cat "$T/out")
	[ $rc = "$want" ] || { printf 'exit %s, not %s: sandbox %s\n%s\n' $rc "$want" "$*" "$output"; return 1; }
}
# alone CMD...: without bats' pipes; $! is its pid
alone() { "$@" >"$T/behind" 2>&1 </dev/null 3>&- 4>&- & }
no_sandboxes() { [ -z "$(ls .sandboxes 2>/dev/null)" ]; }

@test "create: ENGINE NAME PORT, NAME ENGINE PORT, each without the port, with --port; what cannot be either" {
	need_engine redis
	does create redis a 20451
	does create b redis 20452
	does create redis c
	does create d redis
	does create redis e --port 20453
	does create --port=20454 f redis
	does create redis g -p auto
	does create redis h auto
	does create redis # its name is dev
	does list -q
	same "$(paste -sd' ' "$T/out")" "a b c d dev e f g h"
	same "$(conf a DB_PORT) $(conf b DB_PORT) $(conf e DB_PORT) $(conf f DB_PORT)" "20451 20452 20453 20454"
	same "$(for i in a b c d dev e f g h; do conf $i DB_PORT; done | sort -u | wc -l)" 9
	refuses create redis postgres
	has "two engines and no name"
	refuses create x y
	has "names no engine" postgres mysql mariadb redis
	refuses create
	refuses create rediss x
	refuses create redis a/b
	has "cannot be a sandbox's name"
	refuses create redis ..
	refuses create redis -- -x
	refuses create redis x 0
	refuses create redis x 65536
	refuses create redis x 80x
	refuses create redis x 20460 20461
	refuses create redis x 20460 --port 20461
	[ ! -e .sandboxes/x ]
}

@test "unknown names: each command says which, where it looked, and the nearest; exit codes" {
	need_engine redis
	local v
	does create redis staging
	for v in start stop restart run shell inspect logs env activate snapshot reset destroy; do
		code 1 "$v" stagign
		has "no sandbox stagign in $T/tree/.sandboxes" "did you mean staging?"
	done
	code 1 restore stagign x
	code 1 clone stagign x
	code 1 client stagign
	code 255 exec stagign ls
	code 4 status stagign
	code 3 status staging
	code 1 up stagign
	has "no sandbox stagign"
	code 1 frobnicate
	code 1 start --no-such-option staging
	code 1 start
	has "requires a minimum of 1 argument"
	state_of staging stopped
	code 1 with nodb -- true
	code 1 up postgres staging
	has "staging is there, and it is a redis"
}

@test "start, stop, restart: several at once, twice is once; up with no engine starts what is there" {
	need_engine redis
	does create redis a "$(some_port)"
	does create redis b "$(some_port)"
	does start a b
	same "$(sql a PING) $(sql b PING)" "PONG PONG"
	does start a
	has "running already"
	does stop a b
	matches "^a: stopped$"
	does stop a
	matches "^a: not running$"
	does up a
	matches "^a: Redis .* ready in"
	does restart b # one that does not run is started
	same "$(sql b PING)" PONG
	# one that is not there does not keep the others from it
	code 1 stop nobody a b
	state_of a stopped
	state_of b stopped
}

@test "--json: create, up, start, restart, clone are the variables; list, status, inspect, env, snapshot, template parse, and say the same twice" {
	need_engine redis
	local v
	does create redis dev "$(some_port)" --json
	json '.SANDBOX_NAME == "dev" and .DB_ENGINE == "redis" and (.DATABASE_URL | startswith("redis://"))'
	cp "$T/out" "$T/created"
	for v in "up redis dev" "start dev" "env dev"; do
		# shellcheck disable=SC2086
		does $v --json
		json '.DB_SOCKET | endswith("/redis.sock")'
		jq 'del(.DB_SOCKET)' "$T/out" | cmp - "$T/created"
	done
	does restart dev --json
	jq 'del(.DB_SOCKET)' "$T/out" | cmp - "$T/created"
	does snapshot dev one --json
	json '.name == "one" or .[0].name == "one"'
	does clone dev two --json
	json '.SANDBOX_NAME == "two"'
	does template list -q
	template=$(cat "$T/out")
	for v in "list" "list --all" "status dev" "inspect dev" "env dev" "env dev --prefix X_" "snapshot dev --list" "template list" "template show ${template%%$'\n'*}"; do
		# shellcheck disable=SC2086
		does $v --json
		jq -S 'walk(if type == "object" then del(.uptime, .age, .seconds, .memory, .bytes) else . end)' "$T/out" >"$T/first" || { echo "$v"; cat "$T/out"; return 1; }
		[ -s "$T/first" ]
		# shellcheck disable=SC2086
		does $v --json
		jq -S 'walk(if type == "object" then del(.uptime, .age, .seconds, .memory, .bytes) else . end)' "$T/out" | diff "$T/first" - || { echo "$v"; return 1; }
	done
	does status dev --json
	json '.name == "dev" and .state == "running" and .running and (.pid | type == "number") and (.port | type == "number") and .expires == null'
	does stop two
	code 3 status two --json
	json '.state == "stopped" and (.running | not)'
	code 4 status nobody --json
	does env --json dev
	json 'all(.[]; type == "string")'
}

@test "exec: the program's exit code, 127, 126; its streams; a server that does not run" {
	need_engine redis
	up redis dev "$(some_port)"
	code 0 exec dev true
	code 5 exec dev -- sh -c 'exit 5'
	code 137 exec dev -- sh -c 'kill -9 $$'
	code 127 exec dev nosuch
	has '"nosuch": executable file not found'
	lacks "does not run" /args
	code 127 exec dev /no/such
	code 126 exec dev /etc/passwd
	code 126 exec dev /etc
	same "$(echo in | rt sandbox exec dev -- sh -c 'cat; echo err >&2' 2>/dev/null)" in
	code 0 exec dev -- sh -c 'test -S "$DB_SOCKET" && redis-cli -s "$DB_SOCKET" ping'
	has PONG
	code 0 exec dev ls -a / # its options are its own
	has sandboxes
	code 255 exec dev
	echo 'echo in $0 $SANDBOX_NAME; exit 3' >"$T/typed"
	status=0
	output=$(rt sandbox shell dev <"$T/typed") || status=$?
	same "$status $output" "3 in /bin/sh dev"
	does stop dev
	code 255 exec dev true
	has "dev does not run" "sandbox start dev"
	code 1 shell dev
}

@test "client: connected, with arguments and standard input; its exit code" {
	need_engine redis
	up redis dev "$(some_port)"
	code 0 client dev ping
	line PONG
	code 0 client dev -- get nothing
	same "$(echo 'set k v' | rt sandbox client dev)" OK
	code 1 client dev --no-such-option
	code 0 client dev get k
	line v
}

@test "with: the command's exit code, 127, 126, signals; variables; nothing left" {
	need_engine redis
	code 0 with redis -- true
	code 7 with redis -- sh -c 'exit 7'
	code 127 with redis -- /no/such
	has "command not found"
	code 127 with redis -- nosuch
	code 126 with redis -- /etc/passwd
	code 137 with redis -- sh -c 'kill -9 $$'
	code 143 with redis -- sh -c 'kill $$'
	code 0 with redis -- sh -c 'redis-cli -u "$REDIS_URL" ping; echo $DB_ENGINE $DB_HOST:$DB_PORT ${SANDBOX_NAME%%-*}'
	line PONG
	matches "^redis 127.0.0.1:[0-9]+ with$"
	code 0 with redis true # -- is for what has options
	code 0 with redis --user app --password "p w" -e REDIS_DATABASE=3 -- sh -c 'echo "$DB_USER $DB_PASSWORD $DB_NAME"'
	line "app p w 3"
	code 1 with redis
	has "which command"
	code 1 with redis --
	code 1 with redis --set no-such-setting=1 -- true
	no_sandboxes
	tidy
}

@test "with: gone with its caller, with wasirun, with its command, by signals, in time" {
	need_engine redis
	local pid server
	server_of() { eventually eval 'ls .sandboxes/*/config/sandbox.conf && rt sandbox list --json | jq -e ".[0].pid > 0"' && server=$(rt sandbox list --json | jq '.[0].pid'); }
	all_gone() {
		eventually ended "$server"
		eventually no_sandboxes
	}
	# the caller is killed: CMD and database end
	alone bash -c '"$0" --root "$1/root" sandbox with redis -- sleep 3131; :' "$RUNTIME" "$T"
	pid=$!
	server_of
	kill -KILL $pid
	all_gone
	# wasirun is killed
	alone "$RUNTIME" --root "$T/root" sandbox with redis -- sleep 3131
	pid=$!
	server_of
	kill -KILL $pid
	all_gone
	# wasirun is asked to end, as ^C asks CMD as well
	alone "$RUNTIME" --root "$T/root" sandbox with redis -- sleep 3131
	pid=$!
	server_of
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	same "$status" 143
	all_gone
	# the server is killed: CMD goes on
	alone "$RUNTIME" --root "$T/root" sandbox with redis -- sh -c 'sleep 0.7; exit 9'
	pid=$!
	server_of
	kill -KILL "$server"
	status=0
	wait $pid || status=$?
	same "$status" 9
	all_gone
	# the time is over: the database goes
	alone "$RUNTIME" --root "$T/root" sandbox with redis --ttl 1s -- sleep 3131
	pid=$!
	server_of
	all_gone
	kill -TERM $pid
	wait $pid || true
	eventually eval '! pgrep -f "^sleep 3131"'
	tidy
}

@test "run: shows the log, ^C stops it; one that ran before goes on; a server that ends ends it" {
	need_engine redis
	local pid
	does create redis dev "$(some_port)"
	alone "$RUNTIME" --root "$T/root" sandbox run dev
	pid=$!
	eventually grep -q "Ready to accept" "$T/behind"
	grep -q "^dev: Redis .* on 127.0.0.1:" "$T/behind"
	echo "a later line" >>.sandboxes/dev/logs/server.log
	eventually grep -qx "a later line" "$T/behind"
	kill -TERM $pid
	wait $pid || true
	state_of dev stopped
	# as from a terminal
	run timeout --preserve-status -s INT 1 "$RUNTIME" --root "$T/root" sandbox run dev 3>&- 4>&- </dev/null
	same "$status" 0
	has "Ready to accept" "dev: stopped"
	state_of dev stopped
	does start dev
	run timeout --preserve-status -s INT 1 "$RUNTIME" --root "$T/root" sandbox run dev 3>&- 4>&- </dev/null
	has "running already"
	state_of dev running
	does stop dev
	alone "$RUNTIME" --root "$T/root" sandbox run dev
	pid=$!
	eventually grep -q "ready in" "$T/behind"
	kill -KILL "$(field dev pid)"
	status=0
	wait $pid || status=$?
	same "$status" 1
	grep -q "the server has ended" "$T/behind"
	state_of dev died
}

@test "--ttl: server, tree, port and socket are gone in time, of one that was never started too; restart keeps the time" {
	need_engine redis
	local pid port socket
	up redis one "$(some_port)" --ttl 2s
	does create redis two --ttl 2s
	does create redis three --ttl 2s --backend dir
	pid=$(field one pid) port=$(conf one DB_PORT) socket=$(conf one DB_SOCKET)
	does list
	has EXPIRES
	does restart one
	ended "$pid"
	pid=$(field one pid)
	sleep 1
	eventually no_sandboxes
	ended "$pid"
	[ ! -e "$socket" ]
	does create redis next "$port"
	does destroy next
	for t in 0 -1s soon 1x ""; do
		refuses create redis x --ttl "$t"
		has "--ttl"
	done
	# one that moved is not found by who waited for it: prune does
	does create redis one --ttl 1s
	mv .sandboxes/one .sandboxes/other
	sleep 1.5
	does list
	matches "^other .* over$"
	does prune
	has "removed sandbox other: it expired"
	no_sandboxes
}

@test "destroy: of several, of nobody, of one that runs; prune of nothing; reset, restore, clone want what they want" {
	need_engine redis
	up redis a "$(some_port)"
	does create redis b
	code 1 destroy a nobody b
	has "a: destroyed" "b: destroyed" "no sandbox nobody"
	no_sandboxes
	code 0 destroy --force nobody
	code 1 destroy
	code 1 restore a
	has "requires a minimum of 2 arguments"
	code 1 clone a
	does create redis a
	code 1 restore a none
	has "no snapshot none"
	code 1 clone a a
	has "exists already"
	does clone a b
	sql a PING >"$T/ping" || true
	does start b
	same "$(sql b PING)" PONG
	does create redis a --replace --set maxmemory=3mb
	does up redis a --replace --start 2>/dev/null || does up redis a
	same "$(sql a PING)" PONG
}

@test "words of other tools: status of the only one, logs --tail, postgres:16" {
	need_engine redis
	refuses status
	has "there are 0 sandboxes"
	does create redis a
	code 3 status
	has "a: stopped"
	SANDBOX_NAME=none code 4 status
	does create redis b
	code 4 status
	has "there are 2 sandboxes"
	SANDBOX_NAME=b code 3 status
	has "b: stopped"
	echo one >.sandboxes/a/logs/server.log
	echo two >>.sandboxes/a/logs/server.log
	does logs --tail 1 a
	same "$output" two
	refuses logs --tail x a
	refuses up postgres:16 x
	has "postgres:16: the version is" --image
	refuses create x redis:7
	has "redis:7: the version is"
	[ ! -e .sandboxes/x ]
}
