# Every command line of the documents that these scripts come from, as it is written there, from the same relative places.
# Each test is one shell in a network of its own, where all ports are free. Docker's side is tests/engines/sandbox_docker.bats.

load helpers

setup() {
	wasirun_only
	need_root
	private_dir
	# built once for all of this file; in the virtual machine there is no directory for that
	export WASIRUN_TEMPLATES=${BATS_FILE_TMPDIR:-/tmp/wt-seeds}/templates
	mkdir -p "$T/bin" "$T/project"
	ln -s "$RUNTIME" "$T/bin/wasirun"
	# the test is root already; the real one would look for wasirun in places of its own
	printf '#!/bin/sh\nexec "$@"\n' >"$T/bin/sudo"
	# what the documents call an application and its tests: they want what activate exports, and a server if there is one
	cat >"$T/bin/pytest" <<-'A'
		#!/bin/bash
		set -eu
		echo "pytest sees $SANDBOX_NAME: $DB_ENGINE at $DB_HOST:$DB_PORT, $DB_NAME"
		[ ! -S "${DB_SOCKET:-}" ] || psql -Atc 'SELECT 40 + 2'
	A
	cat >"$T/app.py" <<-'A'
		import json, os
		print("app.py sees", os.environ["DB_HOST"], os.environ["DB_PORT"], os.environ["DB_NAME"])
		caps = os.environ["SANDBOX_CAPS"]
		if os.path.exists(caps):
		    print("it may listen on", json.load(open(caps))["capabilities"]["network"]["listen"])
	A
	chmod 755 "$T"/bin/{sudo,pytest}
	export PATH=$T/bin:$PATH DOCKER_HOST=unix://$T/no-docker
	unset WASI_SANDBOX_DIR WASI_USE_NAMESPACES WASI_MEMORY_LIMIT ENVIRONMENT DOCKER_IMAGE
	cd "$T/project"
	wasirun sandbox init >"$T/init"
	WASI=$T/project/scripts/infrastructure/wasi
	cp "$T/app.py" "$WASI/app.py"
}

teardown() {
	local tree
	[ -n "${T:-}" ] || return 0
	for tree in "$T"/project/{.,scripts,scripts/infrastructure/wasi}/{.sandboxes,.lightvenvs}; do
		[ ! -d "$tree" ] || for name in "$tree"/*; do
			[ ! -d "$name" ] || "$RUNTIME" sandbox destroy --force --dir "$tree" "${name##*/}" >/dev/null || true
		done
	done
	nothing_left && rm -rf --one-file-system "$T"
}

need_server() {
	case $1 in
	postgres) compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null ;;
	mariadb) command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] ;;
	redis) command -v redis-server >/dev/null ;;
	esac || skip "no $1 here: tests/deps databases"
}

# The lines of standard input, in one shell that stands in DIR.
typed() {
	{ echo 'ip link set lo up'; printf 'cd %q\n' "$1"; cat; } >"$T/typed"
	run timeout --foreground -k 5 $((120 * ${SLOW:-1})) unshare -n bash -euo pipefail "$T/typed"
	[ "$status" -eq 0 ] || { printf 'exit %s:\n%s\n' "$status" "$output"; return 1; }
}

# --- the comparison of the three systems

@test "seed 000: virtualize.sh create, start, list (without Docker, it says so)" {
	need_server postgres
	typed "$WASI" <<-'E'
		./virtualize.sh create postgres dev 5432
		./virtualize.sh start postgres dev
		./virtualize.sh list
		./virtualize.sh status postgres dev
		eval "$(./virtualize.sh env dev)"
		psql -Atc "SELECT 'it is ' || current_database()"
		./virtualize.sh stop postgres dev
		./virtualize.sh destroy postgres dev
	E
	has "Docker does not answer" "wasirun sandbox takes its place" "on 127.0.0.1:5432" "it is dev_db" "dev: stopped" "dev: destroyed"
	matches '^dev +postgres 1[0-9.]+ +running +5432'
}

@test "seed 000: lightweight_venv.sh create, source .lightvenvs/dev/bin/activate" {
	typed "$WASI" <<-'E'
		./lightweight_venv.sh create dev 5432
		source .lightvenvs/dev/bin/activate
		python3 app.py  # Ve DB_HOST, DB_PORT, etc.
		./lightweight_venv.sh list
		deactivate
		echo "then DB_HOST is ${DB_HOST-gone}"
		./lightweight_venv.sh destroy dev
		[ ! -e .lightvenvs/dev ]
	E
	line "app.py sees 127.0.0.1 5432 dev_db" "then DB_HOST is gone"
	matches '^dev +postgres +dir +5432'
}

@test "seed 000: wasm_style_sandbox.sh create, run, inspect, source .sandboxes/dev/activate, python3 app.py" {
	need_server postgres
	typed "$WASI" <<-'E'
		sudo ./wasm_style_sandbox.sh create postgres dev 5432
		sudo ./wasm_style_sandbox.sh run dev
		./wasm_style_sandbox.sh inspect dev
		source .sandboxes/dev/activate
		python3 app.py
		psql "$DATABASE_URL" -Atc "SELECT 'asked as ' || current_user"
		./wasm_style_sandbox.sh destroy dev
	E
	line "app.py sees 127.0.0.1 5432 dev_db" "it may listen on ['0.0.0.0:5432']" "asked as postgres"
	has "dev: running, PostgreSQL"
}

@test "seed 000: ./demo.sh, with Enter, and --yes" {
	need_server postgres
	typed "$WASI" <<-'E'
		{ trap '' PIPE; while echo 2>/dev/null; do sleep 0.2; done; } | TERM=dumb script -qec './demo.sh' /dev/null
	E
	has "[Enter]" "SELECT version()" "demo: done, nothing left behind"
	typed "$WASI" <<-'E'
		./demo.sh --yes </dev/null
		[ -z "$(ls -A .sandboxes .lightvenvs 2>/dev/null)" ]
	E
	has "demo: done, nothing left behind"
	lacks "[Enter]"
}

@test "seed 000: for each test a fresh environment on the same port: create, source, pytest, destroy" {
	typed "$WASI" <<-'E'
		for test in test1 test2 test3; do
		    ./lightweight_venv.sh create $test 5432
		    source .lightvenvs/$test/bin/activate
		    pytest
		    ./lightweight_venv.sh destroy $test
		done
	E
	line "pytest sees test1: postgres at 127.0.0.1:5432, test1_db" "pytest sees test3: postgres at 127.0.0.1:5432, test3_db"
}

@test "seed 000: the same loop with real servers" {
	need_server postgres
	typed "$WASI" <<-'E'
		for test in test1 test2 test3; do
		    ./wasm_style_sandbox.sh create postgres $test 5432
		    ./wasm_style_sandbox.sh run $test
		    source .sandboxes/$test/activate
		    pytest
		    ./wasm_style_sandbox.sh destroy $test
		done
	E
	line "pytest sees test1: postgres at 127.0.0.1:5432, test1_db" "pytest sees test3: postgres at 127.0.0.1:5432, test3_db"
	same "$(grep -cx 42 <<<"$output")" 3
}

@test "seed 000: several at once: postgres dev and mysql staging; dev, staging, prod" {
	need_server postgres
	need_server mariadb
	typed "$WASI" <<-'E'
		./virtualize.sh create postgres dev 5432
		./virtualize.sh create mysql staging 3307
		./virtualize.sh start postgres dev
		./virtualize.sh start mysql staging
		psql -Atc "SELECT 'dev answers'" "$(wasirun sandbox env dev --json | jq -r .DATABASE_URL)"
		source .sandboxes/staging/activate
		mariadb -N -e "SELECT CONCAT('staging is ', DATABASE())" "$DB_NAME"
		./lightweight_venv.sh create dev 5432
		./lightweight_venv.sh create staging 5433
		./lightweight_venv.sh create prod 5434
		./lightweight_venv.sh list -q
	E
	line "dev answers" "staging is staging_db" dev staging prod
}

# --- the decision record

@test "seed 001: create writes capabilities.json; run isolates; the tree is as described" {
	need_server postgres
	typed "$WASI" <<-'E'
		./wasm_style_sandbox.sh create postgres dev 5432
		sudo ./wasm_style_sandbox.sh run dev
		cat .sandboxes/dev/config/capabilities.json >manifest
		pid=$(./wasm_style_sandbox.sh inspect dev --json | jq .pid)
		for ns in pid mnt net ipc; do
			[ "$(readlink /proc/$pid/ns/$ns)" != "$(readlink /proc/self/ns/$ns)" ] || echo "not isolated: $ns"
		done
		cd .sandboxes/dev
		test -f config/sandbox.conf
		test -d data
		test -f logs/server.log
		test -d rootfs
		test -f activate
		test -L bin/activate
		test -x run-sandboxed.sh
		cd ../..
		./wasm_style_sandbox.sh stop dev
		(WASIRUN=$(command -v wasirun) timeout -s INT 3 .sandboxes/dev/run-sandboxed.sh || echo "ended with $?") | tee run.log
	E
	lacks "not isolated"
	jq -e '.sandbox=="dev" and .version=="1.0" and .capabilities.network.listen==["0.0.0.0:5432"] and .capabilities.network.connect==[]
		and (.capabilities.filesystem.read|index("/sandboxes/dev/config")) and (.capabilities.filesystem.write|index("/sandboxes/dev/data"))
		and (.capabilities.filesystem.write|index("/sandboxes/dev/logs")) and .capabilities.resources.memory=="256M"
		and .capabilities.resources.cpu=="1.0" and .capabilities.resources.pids==100
		and .environment=={"DB_NAME":"dev_db","DB_PORT":"5432"}' "$WASI/manifest"
	grep -q "dev: PostgreSQL.* on 127.0.0.1:5432" "$WASI/run.log"
}

# --- the integration of scripts and Python

@test "seed 002: Python calls lightweight_venv.sh create dev-postgres postgres 5432" {
	cat >"$T/project/config.py" <<-'E'
		import os, subprocess
		subprocess.run([
		    "bash",
		    "scripts/infrastructure/wasi/lightweight_venv.sh",
		    "create",
		    "dev-postgres",
		    "postgres",
		    "5432"
		], check=True)
		activate_script = "scripts/.lightvenvs/dev-postgres/bin/activate"
		assert os.path.exists(activate_script)
		subprocess.run([
		    "bash", "scripts/infrastructure/wasi/lightweight_venv.sh",
		    "create", "test-db", "postgres", "5433"
		], check=True)
	E
	typed "$T/project" <<-'E'
		python3 config.py
		source scripts/.lightvenvs/dev-postgres/bin/activate
		echo "$DB_ENGINE $DB_PORT"
		source scripts/.lightvenvs/test-db/bin/activate
		echo "$DB_ENGINE $DB_PORT"
	E
	line "postgres 5432" "postgres 5433"
}

@test "seed 002: setup_database.sh in development, staging and production" {
	need_server postgres
	cat >"$WASI/setup_database.sh" <<-'E'
		#!/bin/bash
		# Source environment detection
		if [ -f "$(dirname $0)/../../../.env" ]; then
		    source "$(dirname $0)/../../../.env"
		fi
		case "${ENVIRONMENT:-development}" in
		    development)
		        echo "Setting up development database with VM tunnel..."
		        bash scripts/infrastructure/wasi/lightweight_venv.sh create dev-db postgres 5432
		        ;;
		    staging)
		        echo "Connecting to staging database..."
		        bash scripts/infrastructure/wasi/virtualize.sh create staging-db postgres 5433
		        ;;
		    production)
		        echo "Using production database credentials from .env..."
		        ;;
		esac
	E
	typed "$T/project" <<-'E'
		bash scripts/infrastructure/wasi/setup_database.sh
		source scripts/.lightvenvs/dev-db/bin/activate
		echo "development: $DB_PORT"
		echo ENVIRONMENT=staging >.env
		bash scripts/infrastructure/wasi/setup_database.sh
		bash scripts/infrastructure/wasi/virtualize.sh start staging-db
		source .sandboxes/staging-db/activate
		echo "staging: $DB_PORT"
		echo ENVIRONMENT=production >.env
		bash scripts/infrastructure/wasi/setup_database.sh
	E
	line "development: 5432" "staging: 5433" "Using production database credentials from .env..."
}

@test "seed 002: ENVIRONMENT=production creates nothing, and says why; another word is refused" {
	echo ENVIRONMENT=production >"$T/project/.env"
	cd "$T/project"
	fails bash scripts/infrastructure/wasi/lightweight_venv.sh create dev-db postgres 5432
	has production
	fails bash scripts/infrastructure/wasi/wasm_style_sandbox.sh create postgres dev 5432
	has production
	[ ! -e scripts/.lightvenvs/dev-db ]
	echo ENVIRONMENT=prodution >"$T/project/.env"
	fails bash scripts/infrastructure/wasi/lightweight_venv.sh create dev-db postgres 5432
	has ENVIRONMENT development staging production
}

@test "seed 002: the shared .env: WASI_SANDBOX_DIR, WASI_USE_NAMESPACES, WASI_MEMORY_LIMIT, DB_VM_" {
	need_server postgres
	cat >"$T/project/.env" <<-E
		# Environment detection
		ENVIRONMENT=development

		# Development Database (VM)
		DB_VM_HOST=localhost
		DB_VM_PORT=5432
		DB_VM_NAME=iact_dev
		DB_VM_USER=iact_user
		DB_VM_PASSWORD=dev_password
		DB_VM_SSH_ENABLED=true

		# WASI Configuration
		WASI_SANDBOX_DIR=$T/project/scripts/.lightvenvs
		WASI_USE_NAMESPACES=true
		WASI_MEMORY_LIMIT=512M
	E
	typed "$T/project" <<-'E'
		bash scripts/infrastructure/wasi/wasm_style_sandbox.sh create postgres dev 5432
		jq -r '"memory \(.capabilities.resources.memory)"' scripts/.lightvenvs/dev/config/capabilities.json
		bash scripts/infrastructure/wasi/lightweight_venv.sh create light 5433
		test -f scripts/.lightvenvs/light/bin/activate
		source .env
		echo "Environment: $ENVIRONMENT"
		echo "Database: $DB_VM_HOST:$DB_VM_PORT"
		wasirun sandbox env light --prefix DB_VM_ --format dotenv >.env.local
		source .env.local
		echo "Now: $DB_VM_HOST:$DB_VM_PORT $DB_VM_NAME, tunnel $DB_VM_SSH_ENABLED"
		sed -i s/WASI_USE_NAMESPACES=true/WASI_USE_NAMESPACES=false/ .env
		bash scripts/infrastructure/wasi/wasm_style_sandbox.sh create postgres plain 5434
	E
	line "memory 512M" "Environment: development" "Database: localhost:5432" "Now: 127.0.0.1:5433 light_db, tunnel true"
	has "plain: directory and variables"
}

@test "seed 002: a staging database for each test run, destroyed at the end; cleanup of what is not there" {
	need_server postgres
	cat >"$T/project/test_setup.py" <<-'E'
		import subprocess
		test_id = "test-123"
		subprocess.run([
		    "bash", "scripts/infrastructure/wasi/virtualize.sh",
		    "create", f"staging-{test_id}", "postgres", "5434"
		], check=True)
		subprocess.run([
		    "bash", "scripts/infrastructure/wasi/virtualize.sh",
		    "destroy", f"staging-{test_id}"
		], check=True)
		subprocess.run(["bash", "scripts/infrastructure/wasi/virtualize.sh",
		                "destroy", "my-sandbox"], check=True)
	E
	typed "$T/project" <<-'E'
		python3 test_setup.py
		[ ! -e .sandboxes/staging-test-123 ]
	E
	has "127.0.0.1:5434" "staging-test-123: destroyed"
}

@test "seed 002: the pytest fixture: create, yield, destroy pytest-isolated-db on 5435" {
	cat >"$T/project/fixture.py" <<-'E'
		import contextlib, os, subprocess

		@contextlib.contextmanager
		def isolated_database():
		    test_db_name = "pytest-isolated-db"
		    subprocess.run([
		        "bash",
		        "scripts/infrastructure/wasi/lightweight_venv.sh",
		        "create",
		        test_db_name,
		        "postgres",
		        "5435"
		    ], check=True)
		    activate_path = f"scripts/.lightvenvs/{test_db_name}/bin/activate"
		    assert os.path.exists(activate_path)
		    yield test_db_name
		    subprocess.run([
		        "bash",
		        "scripts/infrastructure/wasi/lightweight_venv.sh",
		        "destroy",
		        test_db_name
		    ], check=True)

		for _ in range(2):
		    with isolated_database() as name:
		        print("inside", name)
		assert not os.path.exists("scripts/.lightvenvs/pytest-isolated-db")
	E
	typed "$T/project" <<-'E'
		python3 fixture.py
	E
	line "inside pytest-isolated-db"
}

@test "seed 002: chmod +x; what is executable already stays so" {
	typed "$T/project" <<-'E'
		chmod +x scripts/infrastructure/wasi/*.sh
		scripts/infrastructure/wasi/wasm_style_sandbox.sh list
		scripts/infrastructure/wasi/lightweight_venv.sh list
	E
}

# --- the installation itself

@test "sandbox init: five files, twice is once, nobody's file is replaced without --force; flat" {
	cd "$T/project"
	same "$(sort "$T/init")" "$(printf 'scripts/infrastructure/wasi/%s\n' README.md demo.sh lightweight_venv.sh virtualize.sh wasm_style_sandbox.sh)"
	ok wasirun sandbox init
	has "all of it is there already"
	echo mine >scripts/infrastructure/wasi/demo.sh
	rm scripts/infrastructure/wasi/README.md
	fails wasirun sandbox init
	has demo.sh --force
	[ ! -e scripts/infrastructure/wasi/README.md ]
	ok wasirun sandbox init --force
	cmp scripts/infrastructure/wasi/demo.sh "$TESTS/../templates/scripts/demo.sh"
	[ -x scripts/infrastructure/wasi/demo.sh ]
	mkdir flat
	ok wasirun sandbox init --layout flat flat
	line flat/demo.sh
	fails wasirun sandbox init --layout round
	fails wasirun sandbox init no/such/directory
}

@test "the scripts' own mistakes: no wasirun, no such command, no name; --help" {
	local s
	for s in lightweight_venv virtualize wasm_style_sandbox demo; do
		ok "$WASI/$s.sh" --help
		[ "$s" = demo ] || fails env WASIRUN=/no/such/wasirun "$WASI/$s.sh" list
		[ "$s" = demo ] || has "wasirun is not installed"
		fails "$WASI/$s.sh" frobnicate
	done
	fails "$WASI/lightweight_venv.sh" create
	fails "$WASI/lightweight_venv.sh" start dev
	has wasm_style_sandbox.sh
	fails "$WASI/virtualize.sh" start
}
