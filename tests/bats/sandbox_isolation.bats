load helpers
load sandbox_helpers

# What a sandbox's programs see and can do, from inside: as a shell beside the server, and as SQL of a hostile user.

# A sandbox for all tests of this file costs more than one each: they change it.
both() {
	need_engine redis postgres
	up postgres dev
	up redis other
}

@test "inside: no root, no capability, no other process, none of the host's files" {
	both
	ok inside dev id -u
	same "$output" 1000
	ok inside dev cat /proc/self/status
	line $'NoNewPrivs:\t1' $'Seccomp:\t2' $'CapEff:\t0000000000000000' $'CapBnd:\t0000000000000000' $'CapInh:\t0000000000000000'
	# its own server's and this one's processes, hidden or not: no pid of the host's
	ok inside dev sh -c 'cat /proc/[0-9]*/cmdline | tr "\0" "\n"'
	lacks "$T" redis bats
	ok inside dev sh -c 'for f in /home /root /work /var /srv /boot /etc/shadow /etc/ssh /etc/sudoers /run/docker.sock /run/wasirun-s /sys /sandboxes/other; do [ ! -e $f ] || echo $f; done'
	same "$output" ""
	ok inside dev ls / /sandboxes /sandboxes/dev
	lacks other snapshots rootfs activate
	# nothing but its data, its logs and memory can be written
	for f in / /etc/passwd /usr/bin/env /sandboxes/dev/config/postgresql.conf /sandboxes/dev/config/new /proc/sys/kernel/hostname /usr/lib/new; do
		fails inside dev sh -c ": >>$f"
	done
	ok inside dev sh -c ': >/sandboxes/dev/data/new && : >/sandboxes/dev/logs/new && : >/tmp/new && : >/run/sandbox/new'
	# not even by its owner's other names
	for f in "unshare -U true" "mount -t tmpfs x /tmp" "chroot / true" "su -c true" "chown 0 /tmp/new" "mknod /tmp/d b 8 0" "kill -9 1"; do
		# shellcheck disable=SC2086
		fails inside dev $f || [ "$f" = "kill -9 1" ]
	done
	ok inside dev sh -c 'env; cat /proc/1/environ | tr "\0" "\n"'
	lacks "$T" WASIRUN_TEMPLATES BATS SUDO
	state_of dev running
}

@test "inside: tools see plain files and directories as anywhere" {
	need_engine redis
	up redis dev
	ok inside dev ls -la / /usr/bin/env /sandboxes/dev/data /proc/self/fd
	lacks "not implemented" "not permitted"
	ok inside dev sh -c 'echo a >/tmp/a && cp -p /tmp/a /tmp/b && mv /tmp/b /tmp/c && ln -s c /tmp/d && cat /tmp/d && rm /tmp/[acd] && mkdir /tmp/e && ls -l /tmp | wc -l; df /tmp | wc -l; date +%Y | wc -l; seq 3 | sort -r | head -1; find / -xdev -name env | head -1'
	lacks "not implemented" "not permitted"
	line a 2 1 3
	# calls that the profile has not: an older one is in their place, or they are answered in words that tools understand
	ok inside dev sh -c 'cd /tmp && mkdir -p f/g && echo b >f/g/a && ln f/g/a f/h && cp -a f i && chmod 600 i/h && mv -n i/h f/j && [ -r f/j ] && [ -x /bin/sh ] && touch -r f/h f/j && find f -type f | wc -l && find f -execdir test -e {} \; && sed -i s/b/c/ f/j && cat f/j && ls -l f >f/k && rm -r f i && sleep 0.1 & wait $! && timeout 5 echo done'
	lacks "not implemented" "not permitted"
	line 3 c done
}

@test "inside: no way to other sandboxes, the host's ports or out; only its own server" {
	both
	local host reach='exec 3<>/dev/tcp/'
	host=$(hostname -I 2>/dev/null | cut -d' ' -f1)
	ok inside dev bash -c "${reach}127.0.0.1/$(conf dev DB_PORT)"
	fails inside dev bash -c "${reach}127.0.0.1/$(conf other DB_PORT)"
	fails inside other bash -c "${reach}127.0.0.1/$(conf dev DB_PORT)"
	[ -z "$host" ] || fails inside dev bash -c "${reach}$host/$(conf other DB_PORT)"
	fails inside dev timeout 5 bash -c "${reach}192.0.2.1/80"
	# loopback and what the kernel makes by itself
	ok inside dev sh -c 'cut -d: -f1 /proc/net/dev | tail -n +3'
	matches '^ *lo$'
	same "$(grep -vcE '^ *(lo|sit0|tunl0|ip6tnl0|ip6_vti0|ip_vti0|gre0|gretap0|erspan0|ip6gre0)$' <<<"$output")" 0
	same "$(inside dev cat /proc/net/route | wc -l)" 1
	# no second listener is to be had from outside
	inside dev timeout 2 python3 -m http.server 18081 >"$T/python" 2>&1 &
	sleep 0.5
	fails bash -c "${reach}127.0.0.1/18081"
	wait || true
	# sockets of others
	fails inside dev ls "/run/wasirun-s" "$(conf other DB_SOCKET)"
	ok inside dev ls -A /run/sandbox
	lacks redis
}

@test "SQL: COPY TO PROGRAM, COPY FROM, pg_read_file see the sandbox only" {
	need_engine postgres
	up postgres dev
	sql dev "CREATE TABLE t(x text)"
	output=$(sql dev "COPY t FROM '/etc/shadow'" || true)
	has "could not open file" "No such file"
	output=$(sql dev "COPY t FROM '$T/tree/.sandboxes/dev/config/sandbox.conf'" || true)
	has "No such file"
	output=$(sql dev "COPY t FROM '/sandboxes/dev/config/sandbox.conf'" || true)
	lacks DB_PASSWORD
	output=$(sql dev "TRUNCATE t; COPY t FROM PROGRAM 'id -u; ls -d /home /root /var 2>/dev/null; echo > /sandboxes/dev/config/x; true'; SELECT x FROM t")
	line 1000
	lacks /home /root /var
	[ ! -e .sandboxes/dev/config/x ]
	output=$(sql dev "COPY (SELECT 'x') TO PROGRAM 'cat > /usr/local/bin/evil'" || true)
	matches "failed|Read-only|child process"
	[ ! -e /usr/local/bin/evil ]
	output=$(sql dev "SELECT pg_read_file('/etc/passwd')")
	lacks "$(getent passwd | sed -n 's/^\([a-z-]*\):.*/\1:x/p' | grep -v -e root -e nobody -e sandbox | head -1)"
	output=$(sql dev "SELECT string_agg(d, ',') FROM pg_ls_dir('/') d")
	lacks home work var boot
	# a forked crowd ends at the pids limit or the container's end, not at the machine's
	sql dev "COPY (SELECT 1) TO PROGRAM 'kill -9 1 2>/dev/null; kill -STOP 1 2>/dev/null; true'" || true
	same "$(sql dev "SELECT 40 + 2")" 42
}

@test "SQL: LOAD_FILE, INTO OUTFILE, plugins see the sandbox only" {
	need_engine mariadb
	up mariadb dev
	same "$(sql dev "SELECT LOAD_FILE('/etc/shadow') IS NULL, LOAD_FILE('/sandboxes/dev/config/sandbox.conf') IS NULL, LOAD_FILE('$T/tree/.sandboxes/dev/config/sandbox.conf') IS NULL")" $'1\t1\t1'
	output=$(sql dev "SELECT LOAD_FILE('/etc/passwd')")
	lacks "daemon:" "www-data:"
	output=$(sql dev "SELECT 1 INTO OUTFILE '/sandboxes/dev/config/x'" || true)
	has "Can't create"
	output=$(sql dev "SELECT 1 INTO OUTFILE '/usr/lib/mysql/plugin/evil.so'" || true)
	has "Can't create"
	sql dev "SELECT 1 INTO OUTFILE '/tmp/mine'"
	[ ! -e /tmp/mine ]
	ok inside dev cat /tmp/mine
	same "$(sql dev "SELECT 40 + 2")" 42
}

@test "Redis: CONFIG SET dir, MODULE, DEBUG, REPLICAOF lead nowhere" {
	need_engine redis
	up redis dev
	output=$(sql dev "CONFIG SET dir /etc"; sql dev "CONFIG SET dir /sandboxes/dev/config"; sql dev "CONFIG SET dbfilename evil"; sql dev "MODULE LOAD /tmp/x.so"; sql dev "DEBUG SLEEP 0")
	lacks OK
	same "$(grep -cE "protected config|not allowed" <<<"$output")" 5
	output=$(sql dev "SLAVEOF 192.0.2.1 6379"; sleep 0.3; sql dev "INFO replication")
	lacks "master_link_status:up"
	sql dev "REPLICAOF NO ONE"
	output=$(sql dev "EVAL return(io.open('/etc/passwd')) 0" || true)
	matches "ERR|error"
	same "$(sql dev PING)" PONG
}

@test "limits: memory and processes are the manifest's, and enforced" {
	need_engine redis
	need_controller memory
	need_controller pids
	up redis dev --memory 64M --pids 20
	lacks "without limits"
	# the crowd ends at 20
	fails inside dev sh -c 'i=0; while [ $i -lt 60 ]; do sleep 1 & i=$((i + 1)); done; wait'
	has "Cannot fork"
	state_of dev running
	same "$(sql dev PING)" PONG
	# whoever takes too much memory is killed, and it alone; the sandbox may end with it
	run inside dev sh -c 'head -c 200M /dev/zero | tail -c 150M >/dev/null; echo end: $?'
	lacks "end: 0"
	does inspect dev --json
	same "$(jq -r '.not_enforced | length' "$T/out")" 0
}

@test "limits: one with which the server cannot start is refused before anything is made; later it is told where it stands" {
	need_engine redis
	refuses up redis dev --memory 1K
	has "--memory 1K: Redis does not start with less than 4M"
	WASI_MEMORY_LIMIT=2M refuses create redis dev
	has "WASI_MEMORY_LIMIT 2M"
	[ ! -e .sandboxes/dev ]
	does create redis dev
	refuses create redis dev --replace --memory 1M
	[ -e .sandboxes/dev ]
	jq '.capabilities.resources.memory = "1K"' .sandboxes/dev/config/capabilities.json >"$T/small"
	refuses create redis other --manifest "$T/small"
	has "a memory limit of 1K" "less than 4M"
	[ ! -e .sandboxes/other ]
	need_controller memory
	cp "$T/small" .sandboxes/dev/config/capabilities.json
	refuses start dev
	has ".sandboxes/dev/config/capabilities.json" memory
	sed -i 's/"1K"/"64M"/' .sandboxes/dev/config/capabilities.json
	does start dev
}

@test "disk: /tmp inside is small, and its own" {
	need_engine redis
	up redis dev
	fails inside dev sh -c 'head -c 100M /dev/zero >/tmp/big'
	has "No space"
	ok inside dev sh -c 'rm /tmp/big; : >/tmp/mine'
	[ ! -e /tmp/mine ] && [ ! -e /tmp/big ]
}
