# What a sandbox's variables look like to those who read them: shells that source activate, shells that eval `env`, .env files, JSON, Docker.

load helpers

# shellcheck disable=SC2089,SC2090
SECRET=$'a\'b"c$d\\e `f`\ng%h & \xc3\xa9'
URL="postgresql://us%20er:a%27b%22c%24d%5Ce%20%60f%60%0Ag%25h%20%26%20%C3%A9@127.0.0.1:5432/dev_db"

setup() {
	wasirun_only
	private_dir
	# shellcheck disable=SC2090
	export SECRET URL T
	cd "$T"
	mkdir sandboxes
	box_of postgres dev 5432
	box_of redis two 5433
	# a password of any kind, as somebody may have written it there
	conf=$(cat sandboxes/dev/config/sandbox.conf)
	quoted=$(printf "'%s'" "${SECRET//\'/\'\\\'\'}")
	printf '%s\n' "$conf" | sed "/^DB_PASSWORD=/d; s/^DB_USER=.*/DB_USER='us er'/" >sandboxes/dev/config/sandbox.conf
	printf 'DB_PASSWORD=%s\n' "$quoted" >>sandboxes/dev/config/sandbox.conf
}

teardown() {
	[ -n "${T:-}" ] || return 0
	nothing_left && rm -rf --one-file-system "$T"
}

box_of() { rt sandbox create --dir "$T/sandboxes" --backend dir "$1" "$2" "$3" >/dev/null; }
env_of() { rt sandbox env --dir "$T/sandboxes" "$@"; }
need() { command -v "$1" >/dev/null || skip "$1 is not installed"; }
# In a shell that knows nothing of ours.
clean() { run timeout 20 env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME="$T" LANG=C.UTF-8 T="$T" SECRET="$SECRET" URL="$URL" "$@"; }

posix_script() {
	cat >"$T/posix.sh" <<'S'
t() { [ "$2" = "$3" ] || echo "FAIL $1: have <$2> want <$3>"; }
cd "$T"
DB_NAME='my db'"'"'x'          # set
export DB_PORT='77 $x'         # exported
SANDBOX_ID=mine                # a name of sandbox.conf that activate does not export
PS1='$ '
set >"$T/before"
. "$1"
t port "$DB_PORT" 5432
t password "$DB_PASSWORD" "$SECRET"
t exported "$(env | sed -n 's/^DB_NAME=//p')" dev_db
t url "$DATABASE_URL" "$URL"
t own "$PGPORT $PGUSER" "5432 us er"
t dir "$SANDBOX_DIR $SANDBOX_NAME" "$T/sandboxes/dev dev"
t caps "$SANDBOX_CAPS" "$T/sandboxes/dev/config/capabilities.json"
t prompt "$PS1" '(dev) $ '
t id "$SANDBOX_ID" mine
. "$1"
t again "$PS1 $DB_PORT" '(dev) $  5432'
. "$T/sandboxes/two/activate"
t second "$DB_PORT ${REDIS_HOST-none} ${PGHOST-none}" "5433 127.0.0.1 none"
t prompt "$PS1" '(two) $ '
deactivate
t back "$DB_NAME|$DB_PORT|${PGHOST-none}|${DB_ENGINE-none}|$PS1" "my db'x|77 \$x|none|none|\$ "
t unexported "$(env | grep -c '^DB_NAME=' || :)" 0
t exported "$(env | sed -n 's/^DB_PORT=//p')" '77 $x'
t gone "$(command -v sandbox_deactivate _wasirun_self deactivate || :)" ""
set >"$T/after"
t leftovers "$(grep -c ^_wasirun "$T/after" || :)" 0
for f in before after; do sed -n 's/^\([A-Za-z0-9]*\)=.*/\1/p' "$T/$f" | grep -vE '^(BASH_.*|PIPESTATUS|RANDOM|SECONDS|LINENO|FUNCNAME|TTYIDLE|EPOCH.*|status|pipestatus|HISTCMD|OLDPWD|OPTIND)$' | sort >"$T/$f.names"; done
t names "$(diff "$T/before.names" "$T/after.names")" ""
echo done
S
}

in_shell() { # SHELL...
	local file
	posix_script
	for file in sandboxes/dev/activate sandboxes/dev/bin/activate "$T/sandboxes/dev/activate" "./sandboxes/../sandboxes/dev/activate"; do
		clean "$@" "$T/posix.sh" "$file"
		same "$output" done
	done
}

@test "activate in bash: exports, prompt, a second one, and all of it back; with set -eu as well" {
	in_shell bash
	in_shell bash -eu
	in_shell bash --posix
}
@test "activate in dash" {
	need dash
	in_shell dash
	in_shell dash -eu
}
@test "activate in zsh" {
	need zsh
	in_shell zsh
	in_shell zsh -eu
}
@test "activate in busybox sh" {
	need busybox
	in_shell busybox sh
	in_shell busybox sh -eu
}

@test "activate.fish" {
	local file
	need fish
	cat >"$T/t.fish" <<'S'
function t; test "$argv[2]" = "$argv[3]"; or echo "FAIL $argv[1]: have <$argv[2]> want <$argv[3]>"; end
cd $T
set -g DB_NAME "my db'x" two
set -gx DB_PORT '77 $x'
function fish_prompt; echo "st$status> "; end
set before (set -g | string match -v 'before*' | string match -v '_*' | string collect)
source $argv[1]
t port "$DB_PORT" 5432
t password "$DB_PASSWORD" "$SECRET"
t url "$DATABASE_URL" "$URL"
t own "$PGPASSWORD" "$SECRET"
t dir "$SANDBOX_DIR $SANDBOX_NAME" "$T/sandboxes/dev dev"
t prompt (false; fish_prompt) '(dev) st1> '
source $argv[1]
t prompt (fish_prompt) '(dev) st0> '
source sandboxes/two/activate.fish
t second "$DB_PORT $REDIS_HOST $PGHOST" "5433 127.0.0.1 "
deactivate
t prompt (fish_prompt) 'st0> '
t back "$DB_NAME[1]|$DB_NAME[2]|$DB_PORT|$PGHOST|$DB_ENGINE" "my db'x|two|77 \$x||"
t exported (env | string match -r '^DB_PORT=.*') 'DB_PORT=77 $x'
t unexported (env | string match -r '^DB_NAME=.*' | count) 0
set after (set -g | string match -v 'before*' | string match -v '_*' | string collect)
t same "$after" "$before"
t functions (functions -a | string match -r '.*wasirun.*|.*deactivate' | count) 0
echo done
S
	for file in sandboxes/dev/activate.fish "$T/sandboxes/dev/activate.fish" ./sandboxes/../sandboxes/dev/activate.fish; do
		clean fish --no-config "$T/t.fish" "$file"
		same "$output" done
	done
}

@test "what activate exports is what env prints, for each engine" {
	local engine shell
	for engine in postgres mysql mariadb redis; do
		box_of $engine "box-$engine" 5999
		env_of "box-$engine" --format docker | sort >"$T/want"
		for shell in bash dash zsh fish; do
			command -v $shell >/dev/null || continue
			[ $shell != fish ] || mv "sandboxes/box-$engine/activate.fish" "sandboxes/box-$engine/activate"
			clean $shell -c ". '$T/sandboxes/box-$engine/activate'; env"
			grep -E "^($(sed 's/=.*//' "$T/want" | paste -sd'|'))=" <<<"$output" | sort | diff "$T/want" -
		done
	done
}

@test "activate: a changed port is seen, a moved and a renamed tree works, from any directory, in a subshell" {
	local shell
	sed -i "s/^DB_PORT=.*/DB_PORT='6000'/" sandboxes/dev/config/sandbox.conf
	mkdir elsewhere
	mv sandboxes/dev elsewhere/renamed
	for shell in bash dash zsh; do
		command -v $shell >/dev/null || continue
		clean $shell -c 'cd "$T/elsewhere/renamed/bin" && (. ./activate; echo "$DB_PORT $SANDBOX_NAME $SANDBOX_DIR"); echo "${DB_PORT-none}"'
		same "$output" "6000 renamed $T/elsewhere/renamed"$'\n'none
	done
}

@test "activate: nested shells see it, and have one of their own" {
	clean bash -c '. sandboxes/dev/activate; bash -c "echo \$DB_PORT; . sandboxes/two/activate; echo \$DB_PORT; deactivate; echo \$DB_PORT"; deactivate; echo "${DB_PORT-none}"'
	same "$output" $'5432\n5433\n5432\nnone'
}

@test "activate beside a Python venv, in either order" {
	local shell
	python3 -m venv --without-pip "$T/venv" || skip "no venv"
	for shell in bash zsh dash; do
		command -v $shell >/dev/null || continue
		clean $shell -c '. venv/bin/activate; . sandboxes/dev/activate 2>/dev/null; echo "${VIRTUAL_ENV##*/} $DB_PORT"
			sandbox_deactivate; echo "${VIRTUAL_ENV##*/} ${DB_PORT-none}"; deactivate; echo "${VIRTUAL_ENV-none}"
			. sandboxes/dev/activate; . venv/bin/activate; sandbox_deactivate; echo "${VIRTUAL_ENV##*/} ${DB_PORT-none}"; deactivate; echo "${VIRTUAL_ENV-none}"'
		same "$output" $'venv 5432\nvenv none\nnone\nvenv none\nnone'
	done
}

@test "activate: executed instead of sourced, or away from its tree: says so, and changes nothing" {
	clean bash sandboxes/dev/activate
	[ "$status" -ne 0 ]
	has "source sandboxes/dev/activate"
	cp sandboxes/dev/activate "$T/lost"
	clean bash -c '. ./lost; echo "code $? ${DB_PORT-none}"'
	has "config/sandbox.conf is not where this file is" "code 1 none"
}

@test "env --format sh, fish, dotenv, json, docker: read back exactly" {
	local shell
	for shell in bash dash zsh; do
		command -v $shell >/dev/null || continue
		env_of dev >"$T/vars"
		clean $shell -c '. ./vars; printf %s "$DB_PASSWORD"; [ "$DATABASE_URL" = "$URL" ]'
		good
		same "$output" "$SECRET"
		env_of dev --format dotenv >"$T/vars"
		clean $shell -c 'set -a; . ./vars; exec printenv DB_PASSWORD'
		same "$output" "$SECRET"
	done
	if command -v fish >/dev/null; then
		env_of dev --format fish >"$T/vars"
		clean fish --no-config -c 'source ./vars; printf %s $DB_PASSWORD'
		same "$output" "$SECRET"
	fi
	same "$(env_of dev --json | jq -j .DB_PASSWORD)" "$SECRET"
	same "$(env_of dev --format json | jq -r .DATABASE_URL)" "$URL"
	fails env_of dev --format docker
	has "line break"
	env_of two --format docker | grep -qx 'DB_PORT=5433'
}

@test "env --prefix: five variables of that prefix; what cannot be one is refused" {
	ok env_of two --prefix DB_VM_
	same "$(sed 's/=.*//' <<<"$output" | paste -sd' ')" "export DB_VM_HOST export DB_VM_PORT export DB_VM_NAME export DB_VM_USER export DB_VM_PASSWORD"
	fails env_of two --prefix 'A B'
	fails env_of two --format xml
	has "sh, fish, dotenv, json or docker"
	fails env_of too
	has "did you mean two"
}

@test "sandbox activate: a line to eval; scripts that were lost come back" {
	rm sandboxes/dev/activate sandboxes/dev/bin/activate
	ok rt sandbox activate --dir "$T/sandboxes" dev
	same "$output" ". '$T/sandboxes/dev/activate'"
	clean bash -c "$output"'; echo "$DB_PORT"'
	same "$output" 5432
	[ -L sandboxes/dev/bin/activate ]
	ok rt sandbox activate --dir "$T/sandboxes" dev --format fish
	same "$output" "source '$T/sandboxes/dev/activate.fish'"
	fails rt sandbox activate --dir "$T/sandboxes" dev --format json
}

@test "sandbox: help of the group and of each command, by either way; a mistyped one is told the nearest" {
	local v
	ok rt sandbox
	has create destroy snapshot
	ok rt sandbox --help
	for v in $(rt sandbox help | sed -n '/^COMMANDS/,/^OPTIONS/s/^   \([a-z]*\) .*/\1/p'); do
		ok rt sandbox help "$v"
		has "wasirun sandbox $v"
		same "$output" "$(rt sandbox "$v" --help)"
		same "$output" "$(rt help sandbox "$v")"
	done
	fails rt sandbox craete postgres dev
	has "did you mean create?"
	for v in ls:list rm:destroy delete:destroy psql:client; do
		fails rt sandbox "${v%:*}" dev
		has "did you mean ${v#*:}?"
	done
	fails rt up postgres
	has "did you mean sandbox up?"
	fails rt sandbox frobnicate
	fails rt help sandbox frobnicate
	# up hands out nothing else than was asked for
	fails rt sandbox up postgres 5433
	has "a port and no name"
	ok rt sandbox create postgres dev 5432 --backend dir
	fails rt sandbox up mysql
	has "dev is there, and it is a postgres"
	fails rt sandbox up postgres dev 5433
	has "on port 5432, not 5433"
	ok rt sandbox up postgres dev 5432
	# what is said to the group is said to its command
	ok rt sandbox --dir "$T/sandboxes" env two --prefix P_
	has P_PORT
}

@test "completion: commands of sandbox, their options, engines and names" {
	cat >"$T/complete" <<'S'
		source "$1"
		shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_wasirun
		printf '%s\n' "${COMPREPLY[@]}"
S
	mkdir "$T/bin"
	ln -s "$RUNTIME" "$T/bin/wasirun"
	completed() { PATH=$T/bin:$PATH ok bash "$T/complete" "$TESTS/../docs/completion.bash" wasirun "$@"; }
	completed sandbox cre
	same "$output" create
	completed sandbox create --pub
	same "$output" --publish
	completed sandbox create mar
	same "$output" mariadb
	completed sandbox --dir "$T/sandboxes" env d
	same "$output" dev
	completed sandbox env --pre
	same "$output" --prefix
	completed sandbox help cre
	same "$output" create
	completed help sandbox cre
	same "$output" create
	completed gua
	same "$output" guard
}
