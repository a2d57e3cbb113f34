load helpers

# Sandboxes as things on disk: listed, looked at, destroyed, pruned; killed commands, copies, two at once. With Redis, the quickest server.

setup() {
	need_root
	wasirun_only
	command -v redis-server >/dev/null || skip "no redis-server"
	private_dir
	mkdir -p "$T/tree"
	cd "$T/tree"
	export WASIRUN_TEMPLATES=$T/data/templates
	PORT=$((20000 + (BASHPID * 16 + RANDOM % 16) % 12000))
	unset WASI_SANDBOX_DIR WASI_USE_NAMESPACES WASI_MEMORY_LIMIT ENVIRONMENT SUDO_UID SUDO_GID
}

teardown() {
	local d
	[ -n "$T" ] || return 0
	for d in "$T"/*/.sandboxes "$T"/boxes; do
		# shellcheck disable=SC2046
		[ ! -d "$d" ] || rt sandbox destroy --dir "$d" --force $(ls "$d") >/dev/null 2>&1 || true
	done
	cd /
	for d in $(left_state); do rt delete --force "${d##*/}" || true; done
	nothing_left || { sweep; rm -rf --one-file-system "$T"; return 1; }
	rm -rf --one-file-system "$T"
}

sb() { rt sandbox "$@"; }
# start makes processes that stay: no pipe of ours may reach them
# ports of each test's own: those who test beside us lease theirs elsewhere
up() {
	PORT=$((PORT + 1))
	sb create redis "$1" "$PORT" "${@:2}" >"$T/out" 2>&1 </dev/null && sb start "$1" >>"$T/out" 2>&1 </dev/null || { cat "$T/out"; return 1; }
}
conf() { sed -n "s/^$2='\(.*\)'$/\1/p" ".sandboxes/$1/config/sandbox.conf"; }
field() { sb status --json "$1" | jq -r ".$2"; }
ping() { REDISCLI_AUTH=$(conf "$1" DB_PASSWORD) redis-cli -p "$(conf "$1" DB_PORT)" ping; }
# a process that nobody has waited for yet counts as ended
ended() { ! readlink "/proc/$1/exe" >/dev/null 2>&1; }
# a command of ours in the background, to be killed: its pid is in $!
in_background() { "$RUNTIME" --root "$T/root" sandbox "$@" </dev/null 3>&- 4>&- & }
# the directory of sockets is everybody's: what others left there may be among it
quiet_prune() {
	ok sb prune
	lacks "removed sandbox" "removed server" "removed lease"
}
state_of() { same "$(field "$1" state)" "$2"; }

@test "list: outside of a tree it says where it looked" {
	ok sb list
	has "no sandboxes in $T/tree/.sandboxes" "sandbox create" "list --all"
	ok sb list --json
	same "$output" "[]"
	ok sb list --dir "$T/elsewhere"
	has "no sandboxes in $T/elsewhere"
}

@test "list, status: stopped, running, died, and their exit codes" {
	ok sb create redis dev "$PORT"
	ok sb list
	matches "^NAME +ENGINE +STATE +PORT +SIZE +CREATED$"
	matches "^dev +redis [0-9.]+ +stopped +[0-9]+ +[0-9.]+K +[0-9]+ s ago$"
	run sb status dev
	same "$status" 3
	matches "^dev: stopped, Redis [0-9.]+$"
	sb start dev >"$T/out" 2>&1
	ok sb status dev
	matches "^dev: running, Redis [0-9.]+ on 127.0.0.1:$(conf dev DB_PORT), pid [0-9]+, for [0-9]+ s$"
	same "$(ping dev)" PONG
	kill -KILL "$(field dev pid)"
	eventually state_of dev died
	run sb status dev
	same "$status" 3
	has "sandbox logs -n 20 dev"
	run sb status nobody
	same "$status" 4
	has "no sandbox nobody"
}

@test "list --all finds the trees of other directories" {
	up here
	mkdir -p "$T/other/sub"
	(cd "$T/other" && sb create redis there >"$T/out" 2>&1)
	ok sb list
	lacks there
	ok sb list --all
	matches "^here .* $T/tree/.sandboxes/here$"
	matches "^there .* $T/other/.sandboxes/there$"
	cd "$T/other/sub" # found upward
	ok sb list -q
	same "$output" there
	ok sb list --all --json
	same "$(jq -r '.[].name' <<<"$output" | sort | tr '\n' ' ')" "here there "
	same "$(jq -r '.[] | select(.name=="here") | .state' <<<"$output")" running
}

@test "inspect: the namespaces, the way in, the manifest in words, and no password unless asked" {
	up dev
	local pid secret
	pid=$(field dev pid)
	secret=$(conf dev DB_PASSWORD)
	[ -n "$secret" ]
	ok sb inspect dev
	lacks "$secret"
	has "not shown (--password)" "nsenter --target $pid --all" "Listen on" "Write" "/sandboxes/dev/data"
	matches "^  net +$(readlink "/proc/$pid/ns/net" | tr -dc 0-9)$"
	matches "^  time .*\(shared with this process\)$"
	matches "^  memory +[0-9.]+[KM] in 1 process, and [0-9.]+[KM] of wasirun's"
	ok sb inspect --password dev
	has "$secret"
	ok sb inspect --json dev
	lacks "$secret"
	same "$(jq -r .namespaces.pid.own <<<"$output")" true
	same "$(jq -r .namespaces.pid.inode <<<"$output")" "$(readlink "/proc/$pid/ns/pid" | tr -dc 0-9)"
	same "$(jq -r .manifest.sandbox <<<"$output")" dev
	same "$(jq '.memory.server > 1000000 and .memory.overhead > 0' <<<"$output")" true
	# the line works
	ok nsenter --target "$pid" --all --preserve-credentials ls /sandboxes/dev
	has data
	# a limit that could not be had is told
	echo "/linux/resources/pids: no such controller" >.sandboxes/dev/config/warnings
	ok sb inspect dev
	has "not to be had on this machine" "/linux/resources/pids: no such controller"
	same "$(sb inspect --json dev | jq -r '.not_enforced[0]')" "/linux/resources/pids: no such controller"
}

@test "logs: the last lines, and what is added, over a rotation, until ^C" {
	up dev
	ok sb logs dev
	has "Ready to accept connections"
	ok sb logs -n 1 dev
	same "${#lines[@]}" 1
	ok sb logs -n 0 dev
	same "$output" ""
	printf 'one\ntwo\nthree\n' >.sandboxes/dev/logs/server.log
	ok sb logs --lines 2 dev
	same "$output" $'two\nthree'
	in_background logs -f -n 1 dev >"$T/follow" 2>&1
	local pid=$!
	eventually grep -qx three "$T/follow"
	echo four >>.sandboxes/dev/logs/server.log
	eventually grep -qx four "$T/follow"
	mv .sandboxes/dev/logs/server.log .sandboxes/dev/logs/old
	echo five >>.sandboxes/dev/logs/old
	echo six >.sandboxes/dev/logs/server.log
	eventually grep -qx six "$T/follow"
	: >.sandboxes/dev/logs/server.log
	sleep 0.2
	echo 7 >>.sandboxes/dev/logs/server.log
	eventually grep -qx 7 "$T/follow"
	same "$(cat "$T/follow")" $'three\nfour\nfive\nsix\n7'
	kill "$pid"
	wait "$pid" || true
	# ^C
	run timeout --preserve-status -s INT 0.5 "$RUNTIME" --root "$T/root" sandbox logs -f dev 3>&- 4>&-
	same "$status" 130
	fails sb logs -n x dev
	has "a number, or all"
}

@test "logs -f ends when the sandbox is destroyed" {
	up dev
	in_background logs -f dev >"$T/follow" 2>&1
	local pid=$!
	eventually grep -q Ready "$T/follow"
	ok sb destroy dev
	eventually ended "$pid"
	wait "$pid"
}

@test "destroy: the server, the tree, the port, the sockets, and all at once" {
	up one
	up two
	local port id pid
	port=$(conf one DB_PORT) id=$(conf one SANDBOX_ID) pid=$(field one pid)
	[ -S "/run/wasirun-s/$id/redis.sock" ]
	[ -e "$T/data/ports/$port" ]
	ok sb destroy one two
	matches "^one: destroyed, [0-9.]+K freed$"
	matches "^two: destroyed"
	ended "$pid"
	[ ! -e ".sandboxes/one" ] && [ ! -e "/run/wasirun-s/$id" ] && [ ! -e "$T/data/ports/$port" ]
	same "$(left_state)" ""
	# the port can be had at once
	ok sb create redis three "$port"
	fails sb destroy three nobody
	has "three: destroyed" "no sandbox nobody"
	ok sb destroy --force nobody
}

@test "destroy: spares what is no sandbox" {
	mkdir -p .sandboxes/mine
	echo precious >.sandboxes/mine/file
	fails sb destroy mine
	has "is no sandbox: nothing of it is deleted"
	fails sb destroy --force mine
	fails sb create redis mine
	has "is there already, and is no sandbox"
	same "$(cat .sandboxes/mine/file)" precious
	rm -r .sandboxes/mine
}

@test "destroy: half-made and damaged ones, while the server runs too" {
	up dev
	local pid port
	pid=$(field dev pid) port=$(conf dev DB_PORT)
	echo nonsense >.sandboxes/dev/config/sandbox.conf
	run sb status dev
	same "$status" 4
	has damaged
	ok sb list
	matches "^dev +- +damaged"
	ok sb destroy dev
	ended "$pid"
	[ ! -e "$T/data/ports/$port" ]
	ok sb create redis dev
	rm .sandboxes/dev/config/sandbox.conf
	ok sb list
	matches "^dev +- +unfinished"
	fails sb start dev
	has "was never finished"
	ok sb destroy dev
	[ ! -e .sandboxes/dev ]
}

@test "two creates of one name: one makes it, the other says who has it" {
	local i made=0
	for i in 1 2 3 4; do
		sb create redis dev >"$T/out.$i" 2>&1 </dev/null &
	done
	wait
	for i in 1 2 3 4; do
		if grep -q 'created in' "$T/out.$i"; then made=$((made + 1)); else grep -q "exists already" "$T/out.$i"; fi
	done
	same "$made" 1
	ok sb list -q
	same "$output" dev
}

@test "creates and destroys that are killed leave nothing that the next ones trip over" {
	local i pid points="1 2 3 5 8 11 14 17 20 25"
	[ "${SLOW:-1}" = 1 ] || points="10 70 99" # where a command takes a second
	ok sb create redis first # so that the template is there
	for i in $points; do
		in_background create redis dev >/dev/null 2>&1
		pid=$!
		sleep "0.0$(printf %02d "$i")"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		[ ! -e .sandboxes/dev/config/sandbox.conf ] || ok sb destroy dev
		ok sb create redis dev
		in_background destroy dev >/dev/null 2>&1
		pid=$!
		sleep "0.0$(printf %02d "$i")"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		ok sb destroy --force dev
		[ ! -e .sandboxes/dev ]
	done
	same "$(ls "$T/data/ports" | wc -l)" "$(sb list -q | wc -l)"
}

@test "a copy of a tree is another sandbox, a moved one the same" {
	up dev
	REDISCLI_AUTH=$(conf dev DB_PASSWORD) redis-cli -p "$(conf dev DB_PORT)" set x 1
	sb stop dev >"$T/out" 2>&1
	cp -a .sandboxes/dev .sandboxes/twin
	sb start dev >"$T/out" 2>&1
	run sb status twin
	same "$status" 3
	sb start twin >"$T/out" 2>&1
	[ "$(conf twin SANDBOX_ID)" != "$(conf dev SANDBOX_ID)" ]
	[ "$(conf twin DB_PORT)" != "$(conf dev DB_PORT)" ]
	same "$(ping twin)" PONG
	same "$(ping dev)" PONG
	ok sb destroy twin
	state_of dev running
	same "$(ping dev)" PONG
	# renamed while it runs
	mv .sandboxes/dev .sandboxes/new
	state_of new running
	ok sb destroy new
}

@test "prune: expired ones, what was killed, servers without a tree, dead sockets and leases" {
	up keep
	up old
	up lost
	quiet_prune
	local lost port
	lost=$(field lost pid) port=$(conf lost DB_PORT)
	echo "SANDBOX_EXPIRES='1000000000'" >>.sandboxes/old/config/sandbox.conf # by hand: nobody is there to end it in time
	mkdir -p .sandboxes/half
	cp .sandboxes/keep/.gitignore .sandboxes/half/
	rm -rf .sandboxes/lost
	mkdir -p /run/wasirun-s/0000dead
	touch -d "1 hour ago" /run/wasirun-s/0000dead
	ok sb prune --dry-run
	has "would remove sandbox old: it expired" "would remove sandbox half" "was deleted under it" "/0000dead" "lease of port $port"
	lacks keep
	[ -d .sandboxes/old ] && [ -e "/proc/$lost" ] && [ -d /run/wasirun-s/0000dead ]
	ok sb prune
	has "removed sandbox old" "removed sandbox half" "removed server sb-lost-" "lease of port $port"
	[ ! -e .sandboxes/old ] && [ ! -e .sandboxes/half ] && ended "$lost" && [ ! -e /run/wasirun-s/0000dead ]
	[ ! -e "$T/data/ports/$port" ]
	state_of keep running
	same "$(ping keep)" PONG
	quiet_prune
}

@test "after a reboot everything counts as stopped, and can be started or destroyed" {
	up one
	up two
	local c
	for c in one two; do kill -KILL "$(field $c pid)"; done
	# what a reboot leaves: another boot id in the records
	for c in "$T"/root/sb-*/state.json; do
		jq -c '.boot_id="00000000-0000-0000-0000-000000000000"' "$c" >"$T/new"
		cp "$T/new" "$c"
	done
	run sb status one
	same "$status" 3
	sb start one >"$T/out" 2>&1
	same "$(ping one)" PONG
	# or nothing at all: the state root is on a tmpfs
	rm -rf "$T"/root/sb-two-*
	run sb status two
	same "$status" 3
	ok sb destroy two
	state_of one running
}

@test "sudo: the tree belongs to the caller, and what other users put above is not believed" {
	export SUDO_UID=4711 SUDO_GID=4712
	export WASIRUN_TEMPLATES=$T/data/user/templates
	chown 4711:4712 .
	up dev
	same "$(stat -c %u:%g .sandboxes .sandboxes/dev .sandboxes/dev/config/sandbox.conf .sandboxes/dev/data .sandboxes/dev/activate | sort -u)" 4711:4712
	same "$(ping dev)" PONG
	same "$(stat -c %u "/proc/$(field dev pid)")" 4711
	ok sb destroy dev
	mkdir -p sub
	unset SUDO_UID SUDO_GID
	echo "WASI_MEMORY_LIMIT=nonsense" >.env
	chown 4711:4712 .env
	cd sub
	ok sb list
	has "no sandboxes in $T/tree/sub/.sandboxes"
}

# Fifty that run: sandbox_engines.bats.
@test "twenty sandboxes, made two at a time" {
	local n=20
	ok sb create redis s0
	seq 1 $((n - 1)) | xargs -P 2 -I{} "$RUNTIME" --root "$T/root" sandbox create redis s{} >"$T/out" 2>&1 || cat "$T/out"
	ok sb list --json
	same "$(jq length <<<"$output")" "$n"
	same "$(jq -r '.[].port' <<<"$output" | sort -u | wc -l)" "$n"
	same "$(jq -r '.[].state' <<<"$output" | sort -u)" stopped
	# shellcheck disable=SC2046
	ok sb destroy $(sb list -q)
	same "$(ls "$T/data/ports" | wc -l)" 0
}

@test "a killed network supervisor is seen, and a restart cures it" {
	up dev
	local f holder=
	for f in /proc/[0-9]*/fd/*; do
		[ "$(readlink "$f")" != "$T/tree/.sandboxes/dev/logs/network.log" ] || holder=${f#/proc/}
	done 2>/dev/null
	kill -KILL "${holder%%/*}"
	cut_off() { sb list | grep -q "^dev .* cut off "; }
	eventually cut_off
	ok sb status dev
	has "sandbox restart dev"
	sb restart dev >"$T/out" 2>&1 </dev/null
	same "$(ping dev)" PONG
}

@test "a full or read-only disk: said, nothing left, and what was there stays" {
	mkdir "$T/small"
	mount -t tmpfs -o size=256k none "$T/small"
	dd if=/dev/zero of="$T/small/fill" bs=4k status=none 2>/dev/null || true
	fails sb create --dir "$T/small" redis dev
	has "no space left on device"
	same "$(ls "$T/small")" fill
	rm "$T/small/fill"
	ok sb create --dir "$T/small" redis dev
	dd if=/dev/zero of="$T/small/fill" bs=4k status=none 2>/dev/null || true
	fails sb create --dir "$T/small" redis two
	ok sb list --dir "$T/small" -q
	same "$output" dev
	ok sb destroy --dir "$T/small" dev # needs no room
	mount -o remount,ro "$T/small"
	fails sb create --dir "$T/small/boxes" redis dev
	has "read-only file system"
	umount "$T/small"
	same "$(ls "$T/data/ports" | wc -l)" 0
}

@test "rootless: the whole life of one, and what root sees of it" {
	cp "$RUNTIME" "$T/runtime"
	mkdir -m 700 "$T/run"
	chown -R 1000:1000 "$T"
	as_user() { setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps=-all env -i PATH="$PATH" HOME="$T" XDG_RUNTIME_DIR="$T/run" "$@"; }
	user() { as_user timeout -k 2 20 "$T/runtime" sandbox "$@" </dev/null 3>&- 4>&-; }
	user create redis dev "$PORT" >"$T/out" 2>&1
	user start dev >"$T/out" 2>&1
	ok user list
	matches "^dev +redis [0-9.]+ +running +$PORT "
	ok user inspect dev
	matches "^  user +[0-9]+$"
	same "$(stat -c %u:%g .sandboxes/dev .sandboxes/dev/data | sort -u)" 1000:1000
	# root neither believes what stands in that tree nor ends what is not root's
	run sb status --dir "$T/tree/.sandboxes" dev
	same "$status" 4
	has "belongs to another user (uid 1000)"
	fails sb destroy --dir "$T/tree/.sandboxes" dev
	has "belongs to another user"
	same "$(ping dev)" PONG
	ok user destroy dev
	[ ! -e .sandboxes/dev ]
	same "$(ls "$T/.local/share/wasirun/ports" "$T/run/wasirun-s")" "$(printf '%s:\n\n%s:' "$T/.local/share/wasirun/ports" "$T/run/wasirun-s")"
}
