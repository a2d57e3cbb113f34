#!/bin/bash
# virtualize.sh - database servers in Docker containers, with wasirun as the runtime where Docker knows it. Without Docker
# `wasirun sandbox` does the same from this machine's own packages.
#
#	virtualize.sh create postgres dev 5432      a container, stopped  (create dev postgres 5432 is the same)
#	virtualize.sh start postgres dev            comes back when it answers  (start dev is the same)
#	eval "$(virtualize.sh env dev)"             DB_HOST, DB_PORT, DATABASE_URL ... in this shell
#	virtualize.sh list
#	virtualize.sh stop | status | logs | destroy [ENGINE] NAME
#
# DOCKER_IMAGE: the image (default: the engine's official one). DOCKER_MEMORY_LIMIT (256m; mysql, mariadb: 512m), DOCKER_CPU_LIMIT (no
# limit): of the container. POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB; MYSQL_ROOT_PASSWORD, MYSQL_DATABASE, MARIADB_...: as the images
# understand them; a password that is not given is made up. The port is the host's, on 127.0.0.1 only.
set -euo pipefail

wasirun=${WASIRUN:-wasirun}
me=${0##*/}

say() { echo "$*" >&2; }
die() {
	say "$me: $*"
	exit 1
}

is_engine() {
	case $1 in
	postgres | mysql | mariadb | redis) return 0 ;;
	esac
	return 1
}

# ENGINE NAME [PORT] or NAME ENGINE [PORT] or NAME: sets engine, name, port
read_words() {
	engine='' name='' port=''
	local word
	for word; do
		if [ -z "$engine" ] && is_engine "$word"; then
			engine=$word
		elif [ -z "$name" ]; then
			name=$word
		else
			port=$word
		fi
	done
	[[ $name =~ ^[A-Za-z0-9][A-Za-z0-9_.-]*$ ]] || die "$command: which one? $command [ENGINE] NAME"
}

# Why Docker cannot be used; nothing when it can.
no_docker() {
	local words
	command -v docker >/dev/null || { echo "Docker is not installed"; return; }
	words=$(docker version --format '{{.Server.Version}}' 2>&1) || echo "Docker does not answer: ${words##*$'\n'}"
}

# The same by wasirun alone.
fall_back() {
	say "$me: $1: wasirun sandbox takes its place"
	command -v "$wasirun" >/dev/null || die "and wasirun is not installed"
	shift
	case $command in
	create) exec "$wasirun" sandbox create "$@" ;;
	list) exec "$wasirun" sandbox list "$@" ;;
	start | stop | status | logs | env)
		read_words "$@"
		exec "$wasirun" sandbox "$command" "$name"
		;;
	destroy)
		read_words "$@"
		exec "$wasirun" sandbox destroy --force "$name"
		;;
	esac
}

# A value of the container's environment or labels.
of_env() { docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' "wasi-$name" | sed -n "s/^$1=//p"; }
of_label() { docker inspect -f "{{index .Config.Labels \"io.wasirun.$1\"}}" "wasi-$name"; }

exists() { docker inspect "wasi-$name" >/dev/null 2>&1; }
must_exist() { exists || die "there is no $name: $me list shows what is there"; }

default() { [ -n "${!1-}" ] || export "$1=$2"; }

create() {
	local image inside memory=256m random options=() arguments=()
	[ -n "$engine" ] || die "create ENGINE NAME [PORT], where ENGINE is postgres, mysql, mariadb or redis"
	! exists || die "$name is there already: $me destroy $name removes it with its data"
	random=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
	case $engine in
	postgres)
		image=postgres:16 inside=5432
		default POSTGRES_USER postgres
		default POSTGRES_DB "${name//[.-]/_}_db"
		default POSTGRES_PASSWORD "$random"
		options=(-e POSTGRES_USER -e POSTGRES_DB -e POSTGRES_PASSWORD)
		;;
	mysql)
		image=mysql:8.4 inside=3306 memory=512m
		default MYSQL_DATABASE "${name//[.-]/_}_db"
		default MYSQL_ROOT_PASSWORD "$random"
		options=(-e MYSQL_DATABASE -e MYSQL_ROOT_PASSWORD)
		;;
	mariadb)
		image=mariadb:11 inside=3306 memory=512m
		default MARIADB_DATABASE "${name//[.-]/_}_db"
		default MARIADB_ROOT_PASSWORD "$random"
		options=(-e MARIADB_DATABASE -e MARIADB_ROOT_PASSWORD)
		;;
	redis)
		image=redis:7 inside=6379
		default REDIS_PASSWORD "$random"
		options=(-e REDIS_PASSWORD)
		# shellcheck disable=SC2016 # it is the container's shell that knows it
		arguments=(sh -c 'exec redis-server --requirepass "$REDIS_PASSWORD"')
		;;
	esac
	port=${port:-$inside}
	[[ $port =~ ^[0-9]+$ ]] || die "$port is no port"
	[ -z "${DOCKER_CPU_LIMIT-}" ] || options+=(--cpus "$DOCKER_CPU_LIMIT")
	case " $(docker info --format '{{range $name, $runtime := .Runtimes}}{{$name}} {{end}}') " in
	*' wasirun '*) options+=(--runtime wasirun) ;;
	esac
	docker create --name "wasi-$name" --hostname "$name" --label "io.wasirun.sandbox=$name" --label "io.wasirun.engine=$engine" \
		--label "io.wasirun.port=$port" --publish "127.0.0.1:$port:$inside" --memory "${DOCKER_MEMORY_LIMIT:-$memory}" \
		"${options[@]}" "${DOCKER_IMAGE:-$image}" "${arguments[@]}" >/dev/null
	echo "$name: $engine for 127.0.0.1:$port (image ${DOCKER_IMAGE:-$image}); $me start $name"
}

# One try to talk to it at its port. That is open before it is ready (Docker listens for it), and the images' first, temporary server does
# not listen there: an answer in its own protocol is what counts.
answers() {
	local port
	port=$(of_label port)
	(
		LC_ALL=C
		exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
		case $(of_label engine) in
		postgres) printf '\0\0\0\x17\0\3\0\0user\0postgres\0\0' >&3 ;; # the first message of any client
		redis) printf 'PING\r\n' >&3 ;;
		esac
		IFS= read -r -N 1 -t 2 word <&3 && [ -n "$word" ] || exit 1
		if [ "$word" = E ]; then # PostgreSQL: an error; "57P03" = it is starting
			IFS= read -r -t 1 rest <&3 || true
			[[ ${rest-} != *57P03* ]]
		fi
	) 2>/dev/null
}

start() {
	local end=$((SECONDS + 60))
	must_exist
	docker start "wasi-$name" >/dev/null
	until answers; do
		if [ "$(docker inspect -f '{{.State.Running}}' "wasi-$name")" != true ]; then
			docker logs --tail 10 "wasi-$name" >&2
			die "$name ended before it answered; these are its last words"
		fi
		[ $SECONDS -lt $end ] || die "$name does not answer: $me logs $name"
		sleep 0.1
	done
	echo "$name: $(of_label engine) on 127.0.0.1:$(of_label port), by Docker's runtime $(docker inspect -f '{{.HostConfig.Runtime}}' "wasi-$name");" \
		"eval \"\$($me env $name)\""
}

# $1 as a part of a URL
url() {
	local LC_ALL=C i c
	for ((i = 0; i < ${#1}; i++)); do
		c=${1:i:1}
		case $c in
		[A-Za-z0-9._~-]) printf %s "$c" ;;
		*) printf '%%%02X' "$(($(printf %d "'$c") & 255))" ;;
		esac
	done
}

env_of() {
	local user password database scheme port engine
	must_exist
	engine=$(of_label engine) port=$(of_label port)
	case $engine in
	postgres) user=$(of_env POSTGRES_USER) password=$(of_env POSTGRES_PASSWORD) database=$(of_env POSTGRES_DB) scheme=postgresql ;;
	mysql) user=root password=$(of_env MYSQL_ROOT_PASSWORD) database=$(of_env MYSQL_DATABASE) scheme=mysql ;;
	mariadb) user=root password=$(of_env MARIADB_ROOT_PASSWORD) database=$(of_env MARIADB_DATABASE) scheme=mysql ;;
	redis) user=default password=$(of_env REDIS_PASSWORD) database=0 scheme=redis ;;
	esac
	printf 'export %s=%q\n' DB_ENGINE "$engine" DB_HOST 127.0.0.1 DB_PORT "$port" DB_NAME "$database" DB_USER "$user" \
		DB_PASSWORD "$password" DATABASE_URL "$scheme://$(url "$user"):$(url "$password")@127.0.0.1:$port/$(url "$database")" SANDBOX_NAME "$name" \
		SANDBOX_ENGINE "$engine"
}

command=${1-help}
[ $# -eq 0 ] || shift
case $command in
create | start | stop | status | logs | env | destroy | list) ;;
help | -h | --help)
	sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
	exit
	;;
*) die "$command: create, start, stop, status, logs, env, list, destroy or help" ;;
esac

why=$(no_docker)
[ -z "$why" ] || fall_back "$why" "$@"
if [ "$command" = list ]; then
	exec docker ps -a --filter label=io.wasirun.sandbox --format \
		'table {{.Label "io.wasirun.sandbox"}}\t{{.Label "io.wasirun.engine"}}\t{{.Label "io.wasirun.port"}}\t{{.Status}}'
fi
read_words "$@"
case $command in
create) create ;;
start) start ;;
env) env_of ;;
stop)
	must_exist
	docker stop "wasi-$name" >/dev/null
	echo "$name: stopped"
	;;
status) # exit codes as those of wasirun sandbox status: 0 it runs, 3 it does not, 4 there is none
	exists || { say "$me: there is no $name"; exit 4; }
	state=$(docker inspect -f '{{.State.Status}}' "wasi-$name")
	echo "$name: $state, $(of_label engine) on 127.0.0.1:$(of_label port)"
	[ "$state" = running ] || exit 3
	;;
logs)
	must_exist
	exec docker logs "wasi-$name"
	;;
destroy)
	if exists; then
		docker rm -f -v "wasi-$name" >/dev/null
		echo "$name: destroyed, with its data"
	else
		echo "$name: not there, nothing to destroy"
	fi
	;;
esac
