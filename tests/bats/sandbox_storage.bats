load helpers

# Data of sandboxes: snapshot, restore, clone, reset, templates; on this machine's own file system, on XFS and Btrfs (which share blocks), on a
# full one; and killed in the middle. Redis where the engine does not matter, PostgreSQL where data do.

setup() {
	need_root
	wasirun_only
	command -v redis-server >/dev/null || skip "no redis-server"
	private_dir
	mkdir -p "$T/here"
	work_in "$T/here"
	unset WASI_SANDBOX_DIR WASI_USE_NAMESPACES WASI_MEMORY_LIMIT ENVIRONMENT SUDO_UID SUDO_GID
}

# Sandboxes and templates on one file system.
work_in() {
	DIR=$1
	mkdir -p "$DIR"
	cd "$DIR"
	export WASIRUN_TEMPLATES=$DIR/templates
}

teardown() {
	local d
	[ -n "$T" ] || return 0
	for d in "$T"/*/.sandboxes; do
		# shellcheck disable=SC2046
		[ ! -d "$d" ] || rt sandbox destroy --dir "$d" --force $(ls "$d") >/dev/null 2>&1 || true
	done
	cd /
	[ ! -d "$T/disk" ] || umount "$T/disk" 2>/dev/null || true
	for d in $(left_state); do rt delete --force "${d##*/}" || true; done
	nothing_left || { sweep; rm -rf --one-file-system "$T"; return 1; }
	rm -rf --one-file-system "$T"
}

# What starts a server must not hold bats' pipes.
sb() { rt sandbox "$@" >"$T/out" 2>"$T/err" </dev/null; }
does() { sb "$@" || { echo "failed: $*"; cat "$T/out" "$T/err"; return 1; }; output=$(cat "$T/out" "$T/err"); }
refuses() { ! sb "$@" || { echo "not refused: $*"; cat "$T/out"; return 1; }; output=$(cat "$T/out" "$T/err"); }
# A port of nobody: tests run beside others, which have leases of their own.
port() {
	local p
	while p=$((20000 + RANDOM % 12000)); do
		(exec 9<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null || { echo "$p"; return; }
	done
}
# new ENGINE NAME [OPTION...]
new() { does create --port "$(port)" "$@"; }
conf() { sed -n "s/^$2='\(.*\)'$/\1/p" ".sandboxes/$1/config/sandbox.conf"; }
redis() { REDISCLI_AUTH=$(conf "$1" DB_PASSWORD) redis-cli -p "$(conf "$1" DB_PORT)" "${@:2}"; }
sql() { PGPASSWORD=$(conf "$1" DB_PASSWORD) psql -h 127.0.0.1 -p "$(conf "$1" DB_PORT)" -U postgres -d "$(conf "$1" DB_NAME)" -XAtqc "$2"; }
need_postgres() { command -v psql >/dev/null && ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || skip "no postgresql"; }
# borrow ENGINE [OPTION...]: its template as all files share it, where a test looks at none: initdb takes longer than the test.
borrow() {
	export WASIRUN_TEMPLATES=$B/tests/sandbox/templates
	mkdir -p "$WASIRUN_TEMPLATES"
	new "$1" borrowed "${@:2}"
	does destroy borrowed
}
inodes() { stat -c %i .sandboxes/"$1"/data; }

# disk TYPE SIZE: a file system of its own at $T/disk, and work there
disk() {
	local mkfs=$1
	case $1 in
	xfs) mkfs="xfs -q -m reflink=1" ;;
	btrfs) mkfs="btrfs -q" ;;
	ext4) mkfs="ext4 -q -F -m 0" ;;
	esac
	command -v "mkfs.$1" >/dev/null || skip "no mkfs.$1 (xfsprogs, btrfs-progs)"
	grep -qw "$1" /proc/filesystems || modprobe "$1" 2>/dev/null || skip "this kernel has no $1"
	truncate -s "$2" "$T/image"
	# shellcheck disable=SC2086
	mkfs.$mkfs "$T/image" >/dev/null 2>&1
	mkdir "$T/disk"
	mount -o loop "$T/image" "$T/disk" || skip "no loop device here"
	work_in "$T/disk"
}
used() { sync -f .; df --output=used -k . | tail -1; }
# The number before a word of the last command's line: `number ms`
number() { sed -n "s/.*[ (]\([0-9]*\) $1.*/\1/p" "$T/out" | head -1; }

@test "snapshot and restore: a stopped one, named and unnamed" {
	new redis dev
	does start dev
	redis dev set k one
	does stop dev
	does snapshot dev first
	has "dev: snapshot first (" "sandbox restore dev first"
	does start dev
	redis dev set k two
	does stop dev
	does snapshot dev
	does snapshot dev --list --json
	same "$(jq -r '.[0].name' "$T/out")" first
	same "$(jq length "$T/out")" 2
	[[ $(jq -r '.[1].name' "$T/out") =~ ^20[0-9]{6}-[0-9]{6}$ ]]
	does restore dev first
	does start dev
	same "$(redis dev get k)" one
	refuses snapshot dev first
	has "has a snapshot first already" "--delete first"
	does snapshot dev --delete first
	refuses restore dev first --stop
	has "no snapshot first" "it has 20"
	refuses snapshot dev .hidden
	has "cannot name a snapshot"
}

@test "snapshot: a running PostgreSQL stands still for it, goes on, and the copy is whole" {
	need_postgres
	borrow postgres
	new postgres dev
	does start dev
	sql dev "create table t as select generate_series(1, 1000) i"
	(for i in 1 2 3 4 5 6 7 8; do sql dev "insert into t select generate_series(1, 1000)"; done) &
	does snapshot dev one
	has "the server stood still for"
	wait $!
	same "$(sql dev 'select count(*) from t')" 9000
	refuses restore dev one
	has "dev is running" "--stop"
	same "$(sql dev 'select count(*) from t')" 9000
	does restore dev one --stop
	has "ready again"
	run sql dev "select count(*) % 1000, count(*) < 9000 from t"
	matches '^0\|[tf]$'
	sql dev "insert into t values (1)"
	does stop dev
}

@test "clone: of one that runs, of a snapshot; a port and a name of its own; a password of its own where asked" {
	need_postgres
	borrow postgres
	new postgres dev
	does start dev
	sql dev "create table t as select 1 i"
	does snapshot dev one
	sql dev "insert into t values (2)"
	does clone dev copy "$(port)"
	has "a clone of dev"
	does clone dev@one old "$(port)" --new-password --start
	same "$(conf copy DB_PASSWORD)" "$(conf dev DB_PASSWORD)"
	[ "$(conf old DB_PASSWORD)" != "$(conf dev DB_PASSWORD)" ]
	[ "$(conf copy DB_PORT)" != "$(conf dev DB_PORT)" ]
	same "$(sql old 'select count(*) from t')" 1
	# the first one's password is no longer good there
	PGPASSWORD=$(conf dev DB_PASSWORD) run psql -h 127.0.0.1 -p "$(conf old DB_PORT)" -U postgres -d dev_db -XAtqc "select 1"
	has "password authentication failed"
	same "$(conf old SANDBOX_OLD_PASSWORD)" ""
	does start copy
	same "$(sql copy 'select count(*) from t')" 2
	sql copy "insert into t values (3)"
	same "$(sql dev 'select count(*) from t')" 2
	jq -e '.sandbox == "copy" and (.capabilities.filesystem.write | index("/sandboxes/copy/data"))' .sandboxes/copy/config/capabilities.json
	jq -e --arg p "0.0.0.0:$(conf copy DB_PORT)" '.capabilities.network.listen == [$p]' .sandboxes/copy/config/capabilities.json
	refuses clone dev copy
	has "copy exists already"
	refuses clone none x
	has "no sandbox none"
	refuses clone dev@none x
	has "no snapshot none" "it has one"
	[ ! -e .sandboxes/x ]
	ENVIRONMENT=production refuses clone dev x
	has production
}

@test "reset: the data of the first moment, the password of now" {
	need_postgres
	borrow postgres
	new postgres dev -e POSTGRES_PASSWORD=secret -e POSTGRES_DB=app
	does start dev
	sql dev "create table t as select 1 i"
	refuses reset dev
	has "dev is running" "--stop"
	same "$(sql dev "select count(*) from t")" 1
	does reset dev --stop
	has "ready again"
	same "$(conf dev DB_PASSWORD)" secret
	run sql dev "select count(*) from t"
	has 'relation "t" does not exist'
	same "$(sql dev 'select current_database()')" app
	does stop dev
	does reset dev
	lacks "ready again"
	does start dev
	same "$(sql dev 'select 1')" 1
}

@test "template: listed, shown, held by those who are a layer on it, removed" {
	does template list
	same "$output" ""
	new redis dev --storage overlay
	does template list -q
	key=$output
	[[ $key =~ ^redis-[0-9.]+-[0-9a-f]{12}$ ]]
	does template show "$key"
	has "engine:    redis" "layer:     $DIR/.sandboxes/dev"
	does template list --json
	same "$(jq -r '.[0].layers[0].there' "$T/out")" true
	refuses template rm "$key"
	has "$DIR/.sandboxes/dev are a layer on the template $key"
	does snapshot dev s
	does destroy dev
	does template rm "$key"
	refuses template rm "$key"
	has "there is no template $key"
	refuses template rm ../x
	has "no template's key"
	same "$(ls -A templates)" ""
}

@test "template: two creates at once build it once" {
	rt sandbox create redis one "$(port)" >"$T/one" 2>&1 </dev/null &
	rt sandbox create redis two "$(port)" >"$T/two" 2>&1 </dev/null &
	wait
	cat "$T/one" "$T/two"
	same "$(cat "$T/one" "$T/two" | grep -c '^building the template')" 1
	same "$(ls templates)" "$(ls -A templates)"
	same "$(ls -A templates | wc -l)" 1
	does start one two
	same "$(redis two ping)" PONG
}

@test "template: a damaged one is named with its cure, and nothing is made" {
	new redis one --storage copy
	key=$(ls templates)
	rm "templates/$key/template.conf"
	refuses create redis dev
	has "the template $key is damaged" "wasirun sandbox template rm $key"
	[ ! -e .sandboxes/dev ]
	does template list
	has "damaged"
	does template rm "$key"
	new redis dev
	has "building the template"
	does start one
	same "$(redis one ping)" PONG
}

@test "template: an overlay whose template is damaged does not start, and says why" {
	need_postgres
	new postgres dev --storage overlay
	does start dev
	does stop dev
	key=$(ls templates)
	mv "templates/$key/data/PG_VERSION" "$T/"
	refuses start dev
	has "data/PG_VERSION is missing"
	mv "$T/PG_VERSION" "templates/$key/data/"
	does start dev
	does stop dev
}

@test "reset: a template that was removed is built again" {
	new redis dev --storage copy
	rm -r templates/*
	does reset dev
	has "building the template"
	new redis set --storage copy --set maxmemory=10mb
	rm -r templates/*
	refuses reset set
	has "is gone" "create it again"
}

@test "build: an init file that fails shows why, and leaves no template" {
	need_postgres
	echo "select * from nowhere;" >bad.sql
	refuses create postgres dev --init bad.sql
	has 'relation "nowhere" does not exist' "could not be built"
	[ ! -e .sandboxes/dev ]
	same "$(ls -A templates)" ""
	echo "create table t as select 42 i;" >bad.sql
	new postgres dev --init bad.sql
	does start dev
	same "$(sql dev 'select i from t')" 42
	new postgres two --init bad.sql
	lacks "building"
}

@test "build: interrupted, and killed: the next one ends what goes on without its command" {
	need_postgres
	run timeout -s INT 0.4 "$RUNTIME" --root "$T/root" sandbox create postgres dev "$(port)" </dev/null 3>&- 4>&-
	has "was interrupted"
	same "$(ls -A templates .sandboxes)" ".sandboxes:

templates:"
	timeout -s KILL 0.4 "$RUNTIME" --root "$T/root" sandbox create postgres dev "$(port)" >"$T/out" 2>&1 </dev/null 3>&- 4>&- || true
	rt list -q | grep -q ^template-
	new postgres dev
	same "$(rt list -q)" ""
	same "$(ls -A templates | wc -l)" 1
	does start dev
	same "$(sql dev 'select 1')" 1
}

@test "storage: what the file system cannot do is refused, and nothing is made" {
	disk ext4 200M
	refuses create redis dev --storage reflink
	has "share no blocks"
	refuses create redis dev --storage tape
	has "reflink, overlay, copy"
	[ ! -e .sandboxes/dev ]
	new redis dev --storage copy
	same "$(conf dev SANDBOX_STORAGE)" copy
}

@test "disk full: a copy that does not fit changes nothing and says what is missing" {
	disk ext4 64M
	new redis dev --storage copy
	does start dev
	redis dev set k "$(head -c 9000 /dev/zero | tr '\0' x)"
	does stop dev
	# more than is left, so that it is refused before; then just enough, so that it ends in the middle
	head -c 34M /dev/urandom >.sandboxes/dev/data/big
	chown "$(stat -c %u .sandboxes/dev/data)" .sandboxes/dev/data/big
	before=$(used)
	refuses snapshot dev
	has "MiB are missing" "nothing was changed"
	refuses clone dev two
	[ ! -e .sandboxes/two ]
	same "$(ls -A .sandboxes/dev/snapshots)" ""
	truncate -s 20M .sandboxes/dev/data/big
	does snapshot dev s
	refuses restore dev s
	has missing
	does start dev
	same "$(redis dev strlen k)" 9000
	does stop dev
	[ $(($(used) - before)) -lt 20000 ]
}

# big_database TYPE SIZE MB: on a file system of that type and size. That nothing is copied is seen by the space that is taken; the times are
# those of a busy machine, and make bench-sandbox has the real ones.
big_database() {
	need_postgres
	borrow postgres --memory 512M
	disk "$1" "$2"
	cp -a "$B"/tests/sandbox/templates/postgres-* templates/
	new postgres dev --memory 512M
	same "$(conf dev SANDBOX_STORAGE)" reflink
	does start dev
	sql dev "create table t (i int, s text); alter table t alter s set storage external;"
	sql dev "insert into t select i, repeat(md5(i::text), 250) from generate_series(1, $3 * 125) i; checkpoint;"
	size=$(du -sm .sandboxes/dev/data | cut -f1)
	[ "$size" -ge "$3" ]
	before=$(used)
	does snapshot dev one
	has shared "stood still"
	cat "$T/out"
	held=$(number "ms)")
	[ "$held" -lt 3000 ]
	sql dev "delete from t where i > 1"
	does clone dev@one two "$(port)"
	cat "$T/out"
	[ "$(number ms)" -lt 3000 ]
	does restore dev one --stop
	cat "$T/out"
	same "$(sql dev 'select count(*) from t')" $(($3 * 125))
	does start two
	same "$(sql two 'select count(*), min(length(s)) from t')" "$(($3 * 125))|8000"
	does stop two
	does stop dev
	# three databases: of what is new, the servers' own writing
	[ $(($(used) - before)) -lt $(($3 * 1024 / 2)) ]
	does clone dev three "$(port)"
	does snapshot dev --list
	has "reflink"
	before=$(used)
	does clone dev four "$(port)"
	after=$(used)
	echo "a stopped clone took $((after - before)) KB"
	[ $((after - before)) -lt 8192 ]
}

@test "reflinks: XFS, a database of BIG MB" {
	LIMIT=120
	big_database xfs $((2 * ${BIG:-200} + 1500))M "${BIG:-200}"
}

@test "reflinks: Btrfs, a database of BIG / 2 MB" {
	LIMIT=60
	big_database btrfs $((${BIG:-200} + 1500))M $((${BIG:-200} / 2))
}

@test "a lot to copy: said before, refused while it runs unless --stop" {
	new redis dev --storage copy
	does start dev
	redis dev set k v
	head -c 70M /dev/urandom >.sandboxes/dev/data/big
	chown "$(stat -c %u .sandboxes/dev/data)" .sandboxes/dev/data/big
	! cp --reflink=always .sandboxes/dev/data/big "$T/x" 2>/dev/null || skip "this file system shares blocks"
	refuses snapshot dev
	has "dev is running" "--stop"
	refuses clone dev two
	[ ! -e .sandboxes/two ]
	does snapshot dev s --stop
	has "copying 7" "ready again"
	same "$(redis dev get k)" v
	does clone dev@s two "$(port)"
	has "copying 7"
	does stop dev
	does clone dev three "$(port)"
	has "copying 7"
	cmp .sandboxes/dev/data/big .sandboxes/three/data/big
}

@test "restore: killed anywhere, there are the old data or the new ones, and it starts" {
	new redis dev --storage copy
	does start dev
	redis dev set k old
	does stop dev
	does snapshot dev s
	does start dev
	redis dev set k new
	does stop dev
	# by the calls that change something; each time from the state of the time before, so both ways are gone through
	old=0 new=0
	for at in mkdirat:1 renameat2:1 renameat:1 renameat:2 unlinkat:1 unlinkat:4 openat:4 openat:11 openat:19 write:1 write:3 syncfs:1; do
		call=${at%:*}
		timeout 20 strace -f -qq -o /dev/null -e trace="$call" -e inject="$call:signal=KILL:when=${at#*:}" "$RUNTIME" --root "$T/root" \
			sandbox restore dev s </dev/null >/dev/null 2>&1 || true
		does start dev
		v=$(redis dev get k)
		[ "$v" = old ] && old=$((old + 1)) || { same "$v" new; new=$((new + 1)); }
		[ "$v" = new ] || redis dev set k new >/dev/null
		does stop dev
		[ ! -e .sandboxes/dev/.data.new ] && [ ! -e .sandboxes/dev/.data.old ] && [ ! -e .sandboxes/dev/config/next.conf ]
	done
	echo "$old times the snapshot's, $new times its own"
	[ "$old" -gt 0 ] && [ "$new" -gt 0 ]
}

@test "snapshot, clone: killed anywhere, the first one is as it was and goes on" {
	new redis dev --storage copy
	does start dev
	redis dev set k v
	for n in 10 30 50; do
		for what in "snapshot dev s" "clone dev two $(port)"; do
			# shellcheck disable=SC2086
			timeout 20 strace -f -qq -o /dev/null -e trace=openat,mkdirat,write -e inject=openat,mkdirat,write:signal=KILL:when=$n \
				"$RUNTIME" --root "$T/root" sandbox $what </dev/null >/dev/null 2>&1 || true
		done
		does start dev # thaws one that was being copied
		same "$(redis dev get k)" v
		if ! sb snapshot dev --delete s; then
			output=$(cat "$T/err")
			has "no snapshot s"
		fi
		sb destroy two || [ ! -e .sandboxes/two ]
	done
	does snapshot dev s
	does clone dev two "$(port)" --start
	same "$(redis two get k)" v
}
