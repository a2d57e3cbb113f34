# virtualize.sh with Docker: a daemon of our own that knows wasirun as a runtime, and images made here from this machine's servers, since none
# can be pulled. The images' entry point understands the official images' variables.
load helpers

entry_point() {
	cat >"$1/entry.sh" <<'S'
#!/bin/sh
# what the official image does, as far as these tests need it: first a server on the socket only, then the real one
set -eu
bin=$(echo /usr/lib/postgresql/*/bin)
export PATH=$bin:$PATH PGDATA=/data/pg
mkdir -p "$PGDATA" && chown postgres "$PGDATA" && chmod 700 "$PGDATA"
printf %s "$POSTGRES_PASSWORD" >/tmp/password && chown postgres /tmp/password
as() { su postgres -s /bin/sh -c 'exec "$@"' -- - "$@"; }
as initdb -U "$POSTGRES_USER" --pwfile /tmp/password -A trust >/dev/null
echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
as pg_ctl -s -w -o "-c listen_addresses='' -c unix_socket_directories=/tmp" start
as createdb -h /tmp -U "$POSTGRES_USER" "$POSTGRES_DB"
as pg_ctl -s -w -m fast stop
exec su postgres -s /bin/sh -c 'exec "$@"' -- - postgres -c listen_addresses='*' -c unix_socket_directories=/tmp
S
	chmod 755 "$1/entry.sh"
}

setup_file() {
	need dockerd docker containerd docker-proxy jq
	private_dir
	export D BRIDGE=wb$$
	ip link add "$BRIDGE" type bridge && ip addr add 172.31.253.1/24 dev "$BRIDGE" && ip link set "$BRIDGE" up || {
		BRIDGE=''
		return 0
	}
	mkdir -p "$D"/{data,exec}
	whole_cgroups dockerd --data-root "$D/data" --exec-root "$D/exec" -p "$D/pid" -H "unix://$D/sock" --iptables=false --ip6tables=false \
		--bridge="$BRIDGE" --add-runtime "wasirun=$RUNTIME" >"$D/log" 2>&1 </dev/null 3>&- 4>&- &
	echo $! >"$D/daemon"
	export DOCKER_HOST=unix://$D/sock
	wait_for 40 docker version || { tail -20 "$D/log"; return 1; }
	mkdir "$D/wasi"
	cp "$TESTS"/../templates/scripts/*.sh "$D/wasi/"
	if command -v redis-server >/dev/null; then
		"$TESTS/engines/db-tree" redis "$D/redis"
		tar -C "$D/redis" -c . | docker import --change 'ENV PATH=/usr/bin:/bin' - localhost/redis:1 >/dev/null
	fi
	if compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then
		"$TESTS/engines/db-tree" postgres "$D/postgres"
		entry_point "$D/postgres"
		tar -C "$D/postgres" -c . | docker import --change 'ENTRYPOINT ["/entry.sh"]' --change 'ENV PATH=/usr/bin:/bin' - localhost/postgres:1 >/dev/null
	fi
	rm -rf "$D/redis" "$D/postgres"
}

teardown_file() {
	[ -n "${D:-}" ] || return 0
	docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1
	[ ! -e "$D/daemon" ] || stop_pid "$(cat "$D/daemon")"
	[ -z "$BRIDGE" ] || ip link del "$BRIDGE" || true
	nothing_of "$D"
}

setup() {
	need dockerd docker
	[ -n "$BRIDGE" ] || skip "no bridge can be made here"
	PORT=$((21000 + BASHPID % 8000))
	cd "$D/wasi" || return 1
}
teardown() { docker ps -aq | xargs -r docker rm -f -v >/dev/null 2>&1 || true; }

image() { docker image inspect "localhost/$1:1" >/dev/null 2>&1 || skip "no $1 on this machine"; }

@test "virtualize.sh: redis: create, start, list, status, env, stop, destroy; the runtime is wasirun" {
	image redis
	export DOCKER_IMAGE=localhost/redis:1
	ok ./virtualize.sh create redis cache "$PORT"
	has "cache: redis for 127.0.0.1:$PORT"
	same "$(docker inspect -f '{{.HostConfig.Runtime}}' wasi-cache)" wasirun
	same "$(docker inspect -f '{{index .Config.Labels "io.wasirun.sandbox"}}' wasi-cache)" cache
	code 3 ./virtualize.sh status cache
	ok ./virtualize.sh start redis cache
	has "cache: redis on 127.0.0.1:$PORT, by Docker's runtime wasirun"
	ok ./virtualize.sh status redis cache
	has "cache: running"
	ok ./virtualize.sh list
	grep -qE "^cache +redis +$PORT +Up" <<<"$output"
	ok bash -c 'eval "$(./virtualize.sh env cache)" && redis-cli -u "$DATABASE_URL" --no-auth-warning SET a b && redis-cli -u "$DATABASE_URL" --no-auth-warning GET a'
	line OK b
	ok redis-cli -p "$PORT" GET a
	has NOAUTH
	fails ./virtualize.sh create redis cache "$PORT"
	has "is there already"
	ok ./virtualize.sh stop cache
	code 3 ./virtualize.sh status cache
	ok ./virtualize.sh destroy cache
	ok ./virtualize.sh destroy cache
	has "nothing to destroy"
	code 4 ./virtualize.sh status cache
	fails ./virtualize.sh start cache
	has "there is no cache"
}

@test "virtualize.sh: create postgres dev PORT, create NAME postgres PORT, start postgres NAME: ready means that it answers over TCP" {
	image postgres
	export DOCKER_IMAGE=localhost/postgres:1
	ok ./virtualize.sh create postgres dev "$PORT"
	ok ./virtualize.sh create staging-db postgres $((PORT + 1))
	ok ./virtualize.sh start postgres dev
	ok ./virtualize.sh start postgres staging-db
	ok bash -c 'eval "$(./virtualize.sh env dev)" && psql "$DATABASE_URL" -Atc "SELECT current_database()"'
	line dev_db
	ok bash -c 'eval "$(./virtualize.sh env staging-db)" && psql "$DATABASE_URL" -Atc "SELECT current_database()"'
	line staging_db_db
	ok ./virtualize.sh list
	grep -qE "^dev +postgres +$PORT" <<<"$output"
	grep -qE "^staging-db +postgres +$((PORT + 1))" <<<"$output"
	ok ./virtualize.sh destroy staging-db
	ok ./virtualize.sh destroy postgres dev
}

@test "virtualize.sh: a password of any kind is read back" {
	image redis
	export DOCKER_IMAGE=localhost/redis:1 REDIS_PASSWORD="it's \$x @/:%"
	ok ./virtualize.sh create redis odd "$PORT"
	ok ./virtualize.sh start odd
	ok bash -c 'eval "$(./virtualize.sh env odd)" && [ "$DB_PASSWORD" = "$REDIS_PASSWORD" ] && redis-cli -u "$DATABASE_URL" --no-auth-warning PING'
	line PONG
}

@test "virtualize.sh: a server that ends at once: its last words" {
	image redis
	docker import --change 'CMD ["sh", "-c", "echo a word of farewell; exit 3"]' - localhost/broken:1 < <(docker export "$(docker create localhost/redis:1 true)") >/dev/null
	export DOCKER_IMAGE=localhost/broken:1
	ok ./virtualize.sh create postgres broken "$PORT"
	fails ./virtualize.sh start broken
	has "broken ended before it answered" "a word of farewell"
}

@test "virtualize.sh: a taken port is Docker's to tell" {
	image redis
	export DOCKER_IMAGE=localhost/redis:1
	ok ./virtualize.sh create redis one "$PORT"
	ok ./virtualize.sh start one
	ok ./virtualize.sh create redis two "$PORT"
	fails ./virtualize.sh start two
	has "$PORT"
}
