load helpers

seccomp() { config ".linux.seccomp=$1"; }

@test "seccomp: the filter is on" {
	seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["acct"],"action":"SCMP_ACT_ERRNO"}]}'
	box status Seccomp
	line Seccomp=2
}

@test "seccomp: ERRNO is EPERM, or errnoRet, or defaultErrnoRet" {
	seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chmod"],"action":"SCMP_ACT_ERRNO"},
		{"names":["mkdir"],"action":"SCMP_ACT_ERRNO","errnoRet":28}]}'
	box do syscall chmod 0 0 \; syscall mkdir 0 0
	line "chmod: EPERM" "mkdir: ENOSPC"
}

@test "seccomp: ERRNO 0 pretends" {
	seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chmod"],"action":"SCMP_ACT_ERRNO","errnoRet":0}]}'
	box syscall chmod 0 0
	wasirun_only
	line "chmod: 0"
}

@test "seccomp: KILL_PROCESS is death by SIGSYS" {
	seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chmod"],"action":"SCMP_ACT_KILL_PROCESS"}]}'
	config '.linux.namespaces |= map(select(.type != "pid"))'
	box syscall chmod 0 0
	same "$status" 159
}

@test "seccomp: KILL, TRAP, LOG and TRACE" {
	wasirun_only
	seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chmod"],"action":"SCMP_ACT_LOG"},{"names":["mkdir"],"action":"SCMP_ACT_TRACE","errnoRet":1}]}'
	box do syscall chmod 0 0 \; syscall mkdir 0 0
	line "chmod: EFAULT" "mkdir: ENOSYS"
	seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chmod"],"action":"SCMP_ACT_TRAP"}]}'
	box syscall chmod 0 0
	same "$status" 159
	seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chmod"],"action":"SCMP_ACT_KILL"}]}'
	box syscall chmod 0 0
	same "$status" 159
}

@test "seccomp: arguments" {
	seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[
		{"names":["setgid"],"action":"SCMP_ACT_ERRNO","errnoRet":11,"args":[{"index":0,"value":7,"op":"SCMP_CMP_EQ"}]},
		{"names":["personality"],"action":"SCMP_ACT_ERRNO","errnoRet":11,"args":[{"index":0,"value":8,"valueTwo":8,"op":"SCMP_CMP_MASKED_EQ"}]},
		{"names":["prctl"],"action":"SCMP_ACT_ERRNO","errnoRet":11,"args":[{"index":0,"value":100,"op":"SCMP_CMP_GT"}]}]}'
	box do syscall setgid 7 \; syscall setgid 8 \; syscall personality 12 \; syscall prctl 101 \; syscall prctl 3
	line "setgid: EAGAIN" "setgid: 0" "personality: EAGAIN" "prctl: EAGAIN"
	[ -z "$(grep -x 'prctl: EAGAIN' <<<"$output" | sed 1d)" ]
}

@test "seccomp: a default of ERRNO with a list of allowed calls" {
	seccomp "$(cat "$TESTS/bats/seccomp-default.json")"
	box do syscall acct 0 \; syscall bpf 99 \; syscall getppid \; print end
	line "acct: EPERM" "bpf: EPERM" end
}

@test "seccomp: calls newer than the profile are ENOSYS, not EPERM" {
	seccomp "$(jq '.syscalls[0].names -= ["openat2","clone3","faccessat2","futex_waitv","landlock_create_ruleset"]' "$TESTS/bats/seccomp-default.json")"
	box do syscall 999 \; syscall acct 0
	line "999: ENOSYS" "acct: EPERM"
}

@test "seccomp: names that this machine's libseccomp does not know are left out" {
	seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["no_such_call","chmod"],"action":"SCMP_ACT_ERRNO"}]}'
	box syscall chmod 0 0
	line "chmod: EPERM"
}

@test "seccomp: the 32-bit door is closed when only the native architecture is listed" {
	seccomp '{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64"],"syscalls":'"$(jq -c .syscalls "$TESTS/bats/seccomp-default.json")"'}'
	box int80 20
	[ "$status" -ne 0 ]
	lacks "int80: ok"
}

@test "seccomp: flags" {
	seccomp '{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_LOG"],"syscalls":[{"names":["chmod"],"action":"SCMP_ACT_ERRNO"}]}'
	box syscall chmod 0 0
	line "chmod: EPERM"
	seccomp '{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_NONSENSE"],"syscalls":[{"names":["chmod"],"action":"SCMP_ACT_ERRNO"}]}'
	box true
	refused
}

@test "seccomp: without no-new-privileges it holds too" {
	config '.process.noNewPrivileges=false'
	seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chmod"],"action":"SCMP_ACT_ERRNO"}]}'
	box do syscall chmod 0 0 \; self \; status Seccomp
	line "chmod: EPERM" Seccomp=2
	has nnp=0
}

@test "seccomp: bad actions, operators and types are refused" {
	local s
	for s in '{"defaultAction":"SCMP_ACT_NONSENSE"}' '"deny"' '{"syscalls":[]}' \
		'{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_PDP11"]}' \
		'{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chmod"],"action":"SCMP_ACT_ERRNO","args":[{"index":9,"value":1,"op":"SCMP_CMP_EQ"}]}]}' \
		'{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chmod"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":1,"op":"SCMP_CMP_XX"}]}]}'; do
		seccomp "$s"
		box true
		refused
	done
}

@test "seccomp: NOTIFY hands the descriptor and the state to the listener" {
	seccomp "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"$T/sock\",\"listenerMetadata\":\"meta\",\"syscalls\":[{\"names\":[\"chmod\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}"
	agent seccomp-agent "$T/sock" 28
	box syscall chmod 0 0
	line "chmod: ENOSPC"
	grep -q "^call 90" "$T/agent"
	jq -e --arg id "$ID" '.fds==["seccompFd"] and .metadata=="meta" and .state.id==$id and (.pid|type)=="number" and (.ociVersion|type)=="string"' <(grep '^{' "$T/agent")
}

@test "seccomp: NOTIFY on exec, the state says running" {
	seccomp "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"$T/sock\",\"syscalls\":[{\"names\":[\"chmod\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}"
	agent seccomp-agent "$T/sock" 28
	launch pause
	agent seccomp-agent "$T/sock" 12
	run rt exec "$ID" /bin/tool syscall chmod 0 0
	line "chmod: ENOMEM"
	jq -e '.state.status=="running"' <(grep '^{' "$T/agent")
}

@test "seccomp: NOTIFY without anybody listening is refused" {
	seccomp "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"$T/none\",\"syscalls\":[{\"names\":[\"chmod\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}"
	box true
	refused
	seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chmod"],"action":"SCMP_ACT_NOTIFY"}]}'
	box true
	refused
}

@test "seccomp: NOTIFY for write would wait for itself and is refused" {
	seccomp "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"$T/sock\",\"syscalls\":[{\"names\":[\"write\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}"
	agent seccomp-agent "$T/sock" 0
	box true
	refused
}
