load helpers

@test "process: args, with blanks, empty and foreign letters" {
	box args "a b" "" "é" '$x' "*"
	good
	line "[a b]" "[]" "[é]" '[$x]' "[*]"
}

@test "process: env is exactly what the configuration says" {
	config '.process.env=["WT='"$ID"'","A=1","B=","C=x=y"]'
	X_FROM_CALLER=1 box env
	good
	line A=1 B= C=x=y
	lacks X_FROM_CALLER LD_ HOSTNAME
}

@test "process: cwd" {
	config '.process.cwd="/var"'
	box cwd
	same "$output" /var
}

@test "process: a cwd that does not exist is made" {
	config '.process.cwd="/var/a/b"'
	box cwd
	good
	same "$output" /var/a/b
}

@test "process: a relative cwd is refused" {
	config '.process.cwd="var"'
	box cwd
	refused
	matches "[cC]wd"
}

@test "user: uid, gid, additional groups, exactly" {
	config '.process.user={"uid":1000,"gid":1001,"additionalGids":[5,2000]}'
	box id
	line "uid=1000 euid=1000 suid=1000 gid=1001 egid=1001 sgid=1001 groups=5,2000"
}

@test "user: no groups of the caller" {
	config '.process.user={"uid":1000,"gid":1001}'
	run setpriv --groups 7,8,9 "$RUNTIME" --version
	[ "$status" -eq 0 ]
	program id
	write_config
	ok setpriv --groups 7,8,9 "$RUNTIME" --root "$T/root" run -b "$BUNDLE" "$ID"
	line "uid=1000 euid=1000 suid=1000 gid=1001 egid=1001 sgid=1001 groups="
}

@test "user: umask" {
	config '.process.user.umask=63'
	box self
	has umask=0077
}

@test "user: what is not a uid is refused, and never runs as root" {
	local v
	for v in -1 4294967295 4294967296 '"1000"' 1.5 1e3 true; do
		FILTER="$FILTER" config ".process.user.uid=0"
		write_config
		sed -i "0,/\"uid\": 0/s//\"uid\": $v/" "$BUNDLE/config.json"
		fails rt run -b "$BUNDLE" "$ID"
		lacks "uid=0"
	done
}

@test "rlimits: soft and hard" {
	config '.process.rlimits=[{"type":"RLIMIT_NOFILE","soft":512,"hard":1024},{"type":"RLIMIT_CORE","soft":0,"hard":0},
		{"type":"RLIMIT_STACK","soft":1048576,"hard":2097152}]'
	box rlimits NOFILE CORE STACK
	line "NOFILE 512 1024" "CORE 0 0" "STACK 1048576 2097152"
}

@test "rlimits: duplicate and unknown types are refused" {
	config '.process.rlimits=[{"type":"RLIMIT_NOFILE","soft":5,"hard":6},{"type":"RLIMIT_NOFILE","soft":7,"hard":8}]'
	box true
	refused
	config '.process.rlimits=[{"type":"RLIMIT_NONSENSE","soft":5,"hard":6}]'
	box true
	refused
}

@test "rlimits: soft above hard is refused" {
	config '.process.rlimits=[{"type":"RLIMIT_NOFILE","soft":50,"hard":6}]'
	box true
	refused
}

@test "noNewPrivileges: on and off" {
	box self
	has nnp=1
	config '.process.noNewPrivileges=false'
	box self
	has nnp=0
}

@test "noNewPrivileges: a setuid program gives nothing" {
	cp "$TOOL" "$BUNDLE/rootfs/bin/suid"
	chown 0:0 "$BUNDLE/rootfs/bin/suid"
	chmod 4755 "$BUNDLE/rootfs/bin/suid"
	config '.process.user={"uid":1000,"gid":1000}'
	box exec /bin/suid id
	has "euid=1000"
	config '.process.noNewPrivileges=false'
	box exec /bin/suid id
	has "uid=1000 euid=0"
}

@test "oomScoreAdj" {
	config '.process.oomScoreAdj=555'
	box cat /proc/self/oom_score_adj
	same "$output" 555
}

@test "scheduler: batch with nice" {
	wasirun_only
	config '.ociVersion="1.1.0" | .process.scheduler={"policy":"SCHED_BATCH","nice":5}'
	box sched
	has "policy=3 nice=5"
}

@test "scheduler: an unknown policy is refused" {
	wasirun_only
	config '.process.scheduler={"policy":"SCHED_NONSENSE"}'
	box true
	refused
	has scheduler
}

@test "ioPriority: class and priority" {
	wasirun_only
	config '.process.ioPriority={"class":"IOPRIO_CLASS_BE","priority":6}'
	box sched
	has "ioprio class=2 priority=6"
}

@test "execCPUAffinity: initial and final, for exec only" {
	wasirun_only
	[ "$(nproc)" -gt 1 ] || skip "one processor"
	config '.process.execCPUAffinity={"initial":"0","final":"1"}'
	launch pause
	ok rt exec "$ID" /bin/tool affinity
	same "$output" 1
}

@test "personality: 32-bit domain" {
	wasirun_only
	config '.linux.personality={"domain":"LINUX32"}'
	box names
	has machine=i686
}

@test "hostname and domainname" {
	box names
	line hostname=box
	wasirun_only
	config '.hostname="other" | .domainname="example.org"'
	box names
	line hostname=other domainname=example.org
}

@test "hostname: without an UTS namespace it is refused, the host keeps its own" {
	local before
	before=$(hostname)
	config '.linux.namespaces |= map(select(.type != "uts"))'
	box true
	same "$(hostname)" "$before"
	refused
}

@test "process: the payload's signals are at their defaults" {
	program status SigBlk SigIgn
	write_config
	run bash -c 'trap "" HUP TERM USR1; exec "$@"' - "$RUNTIME" --root "$T/root" run -b "$BUNDLE" "$ID"
	line SigBlk=0000000000000000 SigIgn=0000000000000000
}

@test "process: session leader, pid 1, no parent-death signal" {
	box self
	has "pid=1 ppid=0 pgid=1 sid=1" pdeathsig=0
}

@test "process: no descriptors but the standard ones" {
	program fds
	write_config
	run "$TOOL" with-fds 7 40 / "$RUNTIME" --root "$T/root" run -b "$BUNDLE" "$ID"
	[ "$status" -eq 0 ]
	[ -z "$(grep -vE '^[012] ' <<<"$output")" ]
}

@test "run --preserve-fds: those and no others" {
	program fds
	write_config
	ok "$TOOL" with-fds 3 9 "$T" "$RUNTIME" --root "$T/root" run --preserve-fds 3 -b "$BUNDLE" "$ID"
	same "$(cut -d' ' -f1 <<<"$output" | sort -n | tr '\n' ' ')" "0 1 2 3 4 5 "
}

@test "run --preserve-fds: one that is not open is refused" {
	program fds
	write_config
	fails "$TOOL" with-fds 3 3 "$T" "$RUNTIME" --root "$T/root" run --preserve-fds 9 -b "$BUNDLE" "$ID"
}

@test "LISTEN_FDS: passed on, LISTEN_PID is the program's" {
	program do env LISTEN_FDS LISTEN_PID \; fds
	write_config
	run bash -c 'LISTEN_FDS=2 LISTEN_PID=$$ exec "$@"' - "$TOOL" with-fds 3 9 "$T" "$RUNTIME" --root "$T/root" run -b "$BUNDLE" "$ID"
	line LISTEN_FDS=2 LISTEN_PID=1
	same "$(grep -E '^[0-9]+ ' <<<"$output" | cut -d' ' -f1 | sort -n | tr '\n' ' ')" "0 1 2 3 4 "
}

@test "a session keyring of its own, unless --no-new-keyring" {
	config 'del(.linux.seccomp)'
	box keyring
	good
	has "$ID"
	program keyring
	write_config
	run rt run --no-new-keyring -b "$BUNDLE" "$ID"
	lacks "$ID"
}

@test "NOTIFY_SOCKET: readiness reaches the caller" {
	wasirun_only
	agent recvnotify "$T/n"
	program do notify READY=1 \; pause
	write_config
	NOTIFY_SOCKET="$T/n" rt run -d -b "$BUNDLE" "$ID" </dev/null >"$T/log" 2>&1
	eventually grep -q READY=1 "$T/agent"
}
