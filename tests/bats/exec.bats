load helpers

@test "exec: a command, its output and exit code" {
	launch pause
	ok rt exec "$ID" /bin/tool print inside
	same "$output" inside
	run rt exec "$ID" /bin/tool exit 9
	same "$status" 9
}

@test "exec: 128 + signal" {
	launch pause
	run rt exec "$ID" /bin/tool kill-self TERM
	same "$status" 143
}

@test "exec: in the namespaces of the container" {
	launch do ns \; pause
	eventually grep -q uts "$T/log"
	ok rt exec "$ID" /bin/tool ns
	same "$(grep -v '^cgroup' <<<"$output")" "$(grep -v '^cgroup' "$T/log")"
}

@test "exec: in the cgroups of the container" {
	launch pause
	rt exec --detach "$ID" /bin/tool pause </dev/null >/dev/null 2>&1
	eventually eval 'test "$(cg pids cgroup.procs | wc -l)" = 2'
}

@test "exec: options end at the container's id" {
	launch pause
	ok rt exec "$ID" /bin/tool args -t --user 5
	line "[-t]" "[--user]" "[5]"
}

@test "exec -e, --cwd, --user, --additional-gids" {
	launch pause
	ok rt exec -e A=1 -e B=2 --cwd /tmp --user 12:34 "$ID" /bin/tool do env A B \; cwd \; id
	line A=1 B=2 /tmp "uid=12 euid=12 suid=12 gid=34 egid=34 sgid=34 groups="
	wasirun_only
	ok rt exec -u 12:34 --env C=3 -e D=4 --additional-gids 7 -g 8 "$ID" /bin/tool id
	has "groups=7,8"
}

@test "exec --user: what is not a plain number is refused, and what runs is what was asked" {
	wasirun_only
	local u
	launch pause
	for u in -1 4294967295 4294967296 99999999999 0x1 1a " 1" "" 1: :1; do
		fails rt exec --user "$u" "$ID" /bin/tool id
	done
	ok rt exec --user 4294967294 "$ID" /bin/tool id
	has "uid=4294967294"
}

@test "exec --process: the whole process object comes from the file" {
	launch pause
	jq '.process | .args=["/bin/tool","do","env","X","PATH",";","id",";","cwd"] | .env=["X=y"] | .user={"uid":3,"gid":4} | .cwd="/var"' \
		"$BUNDLE/config.json" >"$T/process.json"
	run rt exec --process "$T/process.json" "$ID"
	line X=y "PATH is not set" "uid=3 euid=3 suid=3 gid=4 egid=4 sgid=4 groups=" /var
}

@test "exec --process: a file that is no process is refused" {
	launch pause
	echo '{"args": 5}' >"$T/process.json"
	fails rt exec --process "$T/process.json" "$ID"
	fails rt exec --process "$T/none.json" "$ID"
}

@test "exec --detach --pid-file: returns at once, digits only" {
	launch pause
	rt exec --detach --pid-file "$T/pid" "$ID" /bin/tool pause </dev/null >"$T/log2" 2>&1
	[[ $(cat "$T/pid") =~ ^[0-9]+$ ]]
	same "$(tr '\0' ' ' <"/proc/$(cat "$T/pid")/cmdline")" "/bin/tool pause "
}

@test "exec: a missing program is 255, named, and writes no pid file" {
	launch pause
	run rt exec --pid-file "$T/pid" "$ID" /no/such
	if [ -n "$WASIRUN" ]; then same "$status" 255; else [ "$status" -ne 0 ]; fi
	has /no/such
	[ ! -s "$T/pid" ]
}

@test "exec: capabilities of the container, none inheritable or ambient" {
	launch do caps \; pause
	eventually grep -q CapAmb "$T/log"
	ok rt exec "$ID" /bin/tool caps
	same "$output" "$(cat "$T/log")"
	line CapInh=0000000000000000 CapAmb=0000000000000000
}

@test "exec --cap: adds it, neither inheritable nor ambient" {
	launch pause
	ok rt exec --cap CAP_SYS_CHROOT "$ID" /bin/tool caps
	line CapInh=0000000000000000 CapAmb=0000000000000000
	[ $((16#$(sed -n 's/^CapBnd=//p' <<<"$output") >> 18 & 1)) = 1 ]
}

@test "exec --no-new-privs" {
	config '.process.noNewPrivileges=false'
	launch pause
	ok rt exec "$ID" /bin/tool self
	has nnp=0
	ok rt exec --no-new-privs "$ID" /bin/tool self
	has nnp=1
}

@test "exec: rlimits, masks and seccomp of the container hold" {
	config '.process.rlimits=[{"type":"RLIMIT_NOFILE","soft":100,"hard":200}]
		| .linux.seccomp={"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chmod"],"action":"SCMP_ACT_ERRNO","errnoRet":7}]}'
	launch pause
	run rt exec "$ID" /bin/tool do rlimits NOFILE \; syscall chmod \; try write /proc/sys/vm/overcommit_memory
	line "NOFILE 100 200" "chmod: E2BIG" "write /proc/sys/vm/overcommit_memory: EROFS"
}

@test "exec: a created, a stopped and an unknown container" {
	program pause
	create
	# runc allows it while the container waits; what matters is that it does not start it
	run rt exec "$ID" /bin/tool true
	status_is created
	rt kill "$ID" KILL
	eventually status_is stopped
	fails rt exec "$ID" /bin/tool true
	fails rt exec nobody /bin/tool true
	has "does not exist"
}

@test "exec: a paused container is refused, unless --ignore-paused" {
	launch pause
	ok rt pause "$ID"
	fails rt exec "$ID" /bin/tool true
	has paused
	ok rt resume "$ID"
}

@test "exec --preserve-fds: those and no others" {
	launch pause
	ok "$TOOL" with-fds 3 6 "$T/log" "$RUNTIME" --root "$T/root" exec --preserve-fds 2 "$ID" /bin/tool fds
	matches "^3 "
	matches "^4 "
	same "$(grep -E "^([5-9]|[1-9][0-9]+) " <<<"$output")" ""
}

@test "exec -t: a terminal of its own" {
	launch pause
	ok "$TOOL" pty 33x99 "$RUNTIME" --root "$T/root" exec -t "$ID" /bin/tool tty
	has isatty=111 foreground=1
}

@test "exec -t --console-socket: the terminal goes to the receiver" {
	launch pause
	agent recvtty "$T/sock"
	ok rt exec -t -d --console-socket "$T/sock" "$ID" /bin/tool tty
	eventually grep -q isatty=111 "$T/agent"
}

@test "exec --console-socket without --tty, and --tty --detach without it" {
	launch pause
	fails rt exec --console-socket "$T/sock" "$ID" /bin/tool true
	fails rt exec -t -d "$ID" /bin/tool true
}

@test "exec: standard input" {
	launch pause
	same "$(echo in | rt exec "$ID" /bin/tool cat)" in
}

@test "exec: the working directory must exist inside" {
	launch pause
	fails rt exec --cwd /nowhere "$ID" /bin/tool true
	has /nowhere
}

@test "exec: ten at once" {
	launch pause
	local i pids=()
	for i in {1..10}; do
		rt exec "$ID" /bin/tool exit "$i" </dev/null >/dev/null 2>&1 &
		pids+=($!)
	done
	for i in {1..10}; do
		local rc=0
		wait "${pids[i - 1]}" || rc=$?
		same "$rc" "$i"
	done
}
