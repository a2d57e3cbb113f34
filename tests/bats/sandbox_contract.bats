load helpers
load sandbox_helpers

# What the official images understand, with real servers: variables, *_FILE, init directories, settings; and what .env says.

init_dir() { # what each engine runs in the order of names
	mkdir -p init.d/no
	echo "CREATE TABLE seen(n serial, who varchar(40));" >init.d/01-table.sql
	echo "INSERT INTO seen(who) VALUES('gz');" | gzip >init.d/02-more.sql.gz
	printf '#!/bin/sh\necho "INSERT INTO seen(who) VALUES(\047executed %s\047);" | docker_process_sql\n' '$0' >init.d/skipped.txt
	echo 'echo "INSERT INTO seen(who) VALUES('"'"'read in'"'"');" | docker_process_sql; who="after"' >init.d/03-read.sh
	echo "INSERT INTO seen(who) VALUES('last');" >init.d/10-last.sql
	echo "no sql at all" >init.d/no/99.sql
}
ORDER="gz read in last"

@test "PostgreSQL: POSTGRES_USER, _PASSWORD_FILE, _DB, _INITDB_ARGS; an init directory in its order, built once" {
	need_engine postgres
	init_dir
	printf '#!/bin/sh\nset -e\npsql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "INSERT INTO seen(who) VALUES(\047$POSTGRES_USER/$POSTGRES_DB\047)"\n' >init.d/05-run.sh
	chmod +x init.d/05-run.sh
	printf 'it'"'"'s "secret" $x\n' >word
	set -- -e POSTGRES_USER=app -e POSTGRES_PASSWORD_FILE=word -e POSTGRES_DB=shop -e "POSTGRES_INITDB_ARGS=--locale=C --encoding=LATIN1"
	up postgres dev --init init.d "$@"
	has "building the template"
	same "$(conf dev DB_NAME) $(conf dev DB_USER)" "shop app"
	export PW="it's \"secret\" \$x"
	same "$(sql dev "SELECT string_agg(who, ' ' ORDER BY n) FROM seen")" "gz read in app/shop last"
	same "$(sql dev "SHOW server_encoding")" LATIN1
	same "$(sql dev "SELECT current_user || ' ' || current_database() || ' ' || rolsuper FROM pg_roles WHERE rolname = current_user")" "app shop true"
	output=$(PW=wrong sql dev "SELECT 1" || true)
	has "password authentication failed"
	does env dev --json
	same "$(jq -r .DB_PASSWORD "$T/out")" "$PW"
	up postgres two --init init.d "$@"
	lacks building
	same "$(sql two "SELECT count(*) FROM seen")" 4
}

@test "PostgreSQL: POSTGRES_HOST_AUTH_METHOD; settings, wrong ones, edited ones" {
	need_engine postgres
	up postgres dev -e POSTGRES_HOST_AUTH_METHOD=trust --set work_mem=7MB --set log_statement=all
	same "$(PW=wrong sql dev "SHOW work_mem")" 7MB
	output=$(PW=wrong over_socket dev "SELECT 1" || true)
	has "password authentication failed" # over the socket a password all the same
	sed -i 's/^work_mem.*/work_mem = 9MB/' .sandboxes/dev/config/postgresql.conf
	does restart dev
	same "$(sql dev "SHOW work_mem")" 9MB
	refuses create postgres x -e POSTGRES_HOST_AUTH_METHOD=ident
	has "one of scram-sha-256"
	refuses create postgres x --set port=1
	refuses create postgres x --set data_directory=/
	[ ! -e .sandboxes/x ]
}

@test "MariaDB: MARIADB_* and MYSQL_* names, _FILE, another password for root, an init directory, settings" {
	need_engine mariadb
	init_dir
	sed -i 's/n serial,/n int auto_increment primary key,/' init.d/01-table.sql
	echo "r'oot" >word
	up mariadb dev --init init.d -e MARIADB_DATABASE=shop -e MYSQL_USER=app -e MARIADB_PASSWORD=p@ss -e MARIADB_ROOT_PASSWORD_FILE=word --set max_connections=17
	same "$(conf dev DB_USER) $(conf dev DB_PASSWORD) $(conf dev DB_NAME)" "app p@ss shop"
	same "$(sql dev "SELECT group_concat(who ORDER BY n SEPARATOR ' ') FROM seen")" "$ORDER"
	same "$(sql dev "SELECT @@max_connections")" 17
	sed -i "s/^DB_USER=.*/DB_USER='root'/" .sandboxes/dev/config/sandbox.conf
	same "$(PW="r'oot" sql dev "SELECT substring_index(current_user(), '@', 1)")" root
	output=$(PW="p@ss" sql dev "SELECT 1" || true)
	has "Access denied"
	up mysql two -e MYSQL_ALLOW_EMPTY_PASSWORD=yes
	same "$(PW=none sql two "SELECT 5")" 5
}

@test "Redis: REDIS_PASSWORD_FILE, REDIS_USERNAME, REDIS_DATABASE; settings; init files" {
	need_engine redis
	mkdir init.d
	echo "SET seeded yes" >init.d/1.redis
	echo "secret word" >word
	up redis dev -e REDIS_PASSWORD_FILE=word -e REDIS_USERNAME=app -e REDIS_DATABASE=3 --set maxmemory=5mb --init init.d
	same "$(PW="secret word" sql dev "CONFIG GET maxmemory" | tail -1)" 5242880
	same "$(sql dev "GET seeded")" yes
	does env dev --json
	url=$(jq -r .DATABASE_URL "$T/out")
	same "$url" "redis://app:secret%20word@127.0.0.1:$(conf dev DB_PORT)/3"
	same "$(redis-cli --no-auth-warning -u "$url" ACL WHOAMI)" app
	does destroy dev
	up redis dev --init init.d # a random one
	[ ${#PW} = 0 ] && [ "$(conf dev DB_PASSWORD | wc -c)" -gt 16 ]
	same "$(sql dev "GET seeded")" yes
}

@test "variables: what nobody means is refused with a reason, and nothing is made" {
	need_engine redis postgres mariadb
	local v
	echo x >word
	wrong() { # ENGINE WORDS VARIABLE...
		local e=$1 w=$2 a=()
		shift 2
		for v; do a+=(-e "$v"); done
		refuses create "$e" x "${a[@]}"
		has "$w"
		[ ! -e .sandboxes/x ]
	}
	wrong postgres "both set" POSTGRES_PASSWORD=x POSTGRES_PASSWORD_FILE=word
	wrong postgres "POSTGRES_PASSWORD_FILE" POSTGRES_PASSWORD_FILE=none
	wrong postgres "did you mean POSTGRES_PASSWORD?" POSTGRES_PASWORD=x
	wrong postgres "not available in a sandbox" POSTGRES_INITDB_WALDIR=/wal
	wrong mariadb "not available in a sandbox" MARIADB_REPLICATION_USER=x
	wrong mariadb "MARIADB_ROOT_PASSWORD_HASH" MARIADB_ROOT_PASSWORD_HASH=x
	wrong mariadb "MYSQL_USER" MYSQL_PASSWORD=x
	refuses create redis x --password a --password-file word
	has "contradict"
	refuses create redis x --password-file none
	refuses create postgres x --init none
	has "none is not there"
	: >empty
	refuses create redis x --password-file empty
	has "no password"
	[ ! -e .sandboxes/x ]
	# taken from ours, as docker does
	REDIS_PASSWORD=ours does create redis y -e REDIS_PASSWORD
	same "$(conf y DB_PASSWORD)" ours
	echo "from standard input" | rt sandbox create redis z --password-file - >"$T/out"
	same "$(conf z DB_PASSWORD)" "from standard input"
}

@test ".env: WASI_SANDBOX_DIR, WASI_MEMORY_LIMIT, WASI_USE_NAMESPACES; the environment before it, options before both; never executed" {
	need_engine redis
	mkdir -p sub/deep
	printf '%s\n' "WASI_SANDBOX_DIR=$T/boxes" 'WASI_MEMORY_LIMIT="96M" # a remark' 'X=$(touch executed)' "export Y='z'" >.env
	cd sub/deep
	does create redis a
	same "$(jq -r .capabilities.resources.memory "$T/boxes/a/config/capabilities.json")" 96M
	WASI_MEMORY_LIMIT=80M does create redis b
	same "$(jq -r .capabilities.resources.memory "$T/boxes/b/config/capabilities.json")" 80M
	WASI_MEMORY_LIMIT=80M does create redis c --memory 64M
	same "$(jq -r .capabilities.resources.memory "$T/boxes/c/config/capabilities.json")" 64M
	WASI_SANDBOX_DIR=$T/tree/.sandboxes does create redis d
	[ -d "$T/tree/.sandboxes/d" ]
	WASI_SANDBOX_DIR=$T/nowhere does create redis e --dir "$T/boxes"
	[ -d "$T/boxes/e" ]
	[ ! -e "$T/tree/executed" ] && [ ! -e executed ]
	# the limit is the kernel's
	does start a
	does inspect a
	has "96M of memory"
	echo WASI_USE_NAMESPACES=false >>../../.env
	does create redis f
	has "no server"
	WASI_USE_NAMESPACES=true does create redis g --start
	has "ready in"
	WASI_USE_NAMESPACES=maybe refuses create redis h
	has WASI_USE_NAMESPACES
	echo WASI_MEMORY_LIMIT=much >"$T/other"
	refuses create redis h --env-file "$T/other"
	has WASI_MEMORY_LIMIT
	refuses create redis h --env-file "$T/none"
}

@test "ENVIRONMENT=production: nothing is made, what is there can be seen, stopped and destroyed; staging is like development" {
	need_engine redis
	local v
	ENVIRONMENT=staging up redis dev
	does snapshot dev s
	export ENVIRONMENT=production
	for v in "create redis x" "up redis x" "with redis -- true" "clone dev x"; do
		# shellcheck disable=SC2086
		refuses $v
		has "ENVIRONMENT=production" "sandboxes are for development and tests"
	done
	[ ! -e .sandboxes/x ]
	does list
	does env dev
	does status dev
	does stop dev
	does destroy dev
	ENVIRONMENT=prod refuses create redis x
	has "development" "staging" "production"
}
