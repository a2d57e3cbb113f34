load helpers

@test "an unknown command, an unknown option" {
	fails rt nonsense
	has nonsense
	fails rt state --nonsense x
	has nonsense
	fails rt --nonsense list
}

@test "wrong number of arguments" {
	local c
	for c in state start pause resume delete kill; do fails rt $c; done
	fails rt state a b
	fails rt start a b
}

@test "--version and -v: what engines parse" {
	ok rt --version
	matches "^[a-z]+ version [0-9]"
	matches "^commit: ."
	matches "^spec: 1\."
	ok rt -v
}

@test "--help, -h, help, and help of a command" {
	local c
	ok rt --help
	for c in create start state kill delete run exec list ps pause resume update events spec features; do has "$c"; done
	ok rt -h
	ok rt help
	wasirun_only
	for c in create start state kill delete run exec list ps pause resume update events spec features plan; do
		ok rt help $c
		has "$c"
		ok rt $c --help
	done
}

@test "options: single dash, =, separate value, repeated" {
	wasirun_only
	program true
	write_config
	ok rt run -bundle "$BUNDLE" "$ID"
	ok rt run --bundle="$BUNDLE" "$ID"
	ok rt run -bundle="$BUNDLE" -no-subreaper "$ID"
	ok rt --root="$T/root" --root "$T/root" run -b "$BUNDLE" "$ID"
}

@test "spec: a bundle that runs" {
	mkdir -p "$T/b/rootfs/bin"
	cp "$TOOL" "$T/b/rootfs/bin/sh"
	cd "$T/b"
	ok rt spec
	jq -e '.ociVersion and .process.args and .root.path=="rootfs" and (.linux.namespaces|length)>=5' config.json
	fails rt spec
	jq '.process.args=["/bin/sh","print","ran"] | .process.terminal=false | .process.env+=["WT='"$ID"'"] | .linux.cgroupsPath="/'"$ID"'"' config.json >c && mv c config.json
	ok rt run "$ID"
	same "$output" ran
}

@test "spec --bundle, spec --rootless" {
	mkdir "$T/b"
	ok rt spec --bundle "$T/b" --rootless
	jq -e '[.linux.namespaces[].type]|index("user")' "$T/b/config.json"
	jq -e '.linux.uidMappings[0].containerID==0' "$T/b/config.json"
}

@test "features: what engines look for, and nothing on stderr" {
	wasirun_only
	rt features >"$T/f" 2>"$T/err"
	same "$(cat "$T/err")" ""
	jq -e '(.ociVersionMin|startswith("1.")) and (.ociVersionMax|startswith("1.")) and (.hooks|length)==6
		and (.mountOptions|index("rro")) and (.linux.namespaces|index("user")) and .linux.mountExtensions.idmap.enabled
		and (.linux.capabilities|index("CAP_SYS_ADMIN")) and .linux.seccomp.enabled and (.linux.seccomp.actions|index("SCMP_ACT_NOTIFY"))
		and .linux.cgroup.v1 and .linux.cgroup.v2' "$T/f"
}

@test "plan: shows the steps and makes nothing" {
	wasirun_only
	config '.mounts += [{"destination":"/data","type":"tmpfs","source":"tmpfs"}]'
	write_config
	ok rt plan --bundle "$BUNDLE"
	has /data
	ok rt plan "$BUNDLE"
	[ ! -e "$T/root" ] || same "$(ls -A "$T/root")" ""
}

@test "--log: errors go to the file, and to stderr" {
	fails rt --log "$T/l" state nobody
	has "does not exist"
	grep -q "does not exist" "$T/l"
}

@test "--log-format json: the whole file is one object" {
	fails rt --log "$T/l" --log-format json state nobody
	jq -es 'length==1 and .[0].level=="error" and (.[0].msg|test("does not exist")) and (.[0].time|test("^[0-9]{4}-"))' "$T/l"
}

@test "--log-format json: of a create that fails, one object with the cause" {
	config '.process.args=["/no/such"] | .linux.sysctl={"vm.swappiness":"1"}'
	write_config
	fails rt --log "$T/l" --log-format json run -b "$BUNDLE" "$ID"
	jq -es 'length==1 and .[0].level=="error"' "$T/l"
}

@test "--log-format: an unknown word is refused" {
	fails rt --log-format xml list
}

@test "--log: a file that cannot be opened" {
	fails rt --log "$T/no/such/log" list
}

@test "--debug: says more" {
	program true
	write_config
	ok rt --debug --log "$T/l" run -b "$BUNDLE" "$ID"
	good
	[ -s "$T/l" ]
}

@test "errors have one line, without control characters" {
	wasirun_only
	config '.process.cwd="bad\u001b[31m\nline"'
	box true
	refused
	same "$(wc -l <<<"$output")" 1
	lacks $'\033'
}

@test "config.json: what is wrong is refused with its place, and nothing is made" {
	wasirun_only
	local f
	while IFS='|' read -r place filter; do
		[ -n "$place" ] || continue
		config 'del(.x)'
		write_config
		jq "$filter" "$BUNDLE/config.json" >"$T/c" && cp "$T/c" "$BUNDLE/config.json"
		fails rt run -b "$BUNDLE" "$ID"
		has "$place"
	done <<-'L'
		/process/user/uid|.process.user.uid="1000"
		/process/args|.process.args="sh"
		/process/args|.process.args=[]
		/process/env/0|.process.env=[5]
		/process/noNewPrivileges|.process.noNewPrivileges="true"
		/linux/maskedPaths|.linux.maskedPaths="/proc/kcore"
		/linux/resources/memory/limit|.linux.resources.memory.limit="64M"
		/linux/seccomp|.linux.seccomp="deny"
		/mounts/1/destination|del(.mounts[1].destination)
		/root/path|.root.path=7
		/ociVersion|.ociVersion="9.9"
		/linux/namespaces/0/type|.linux.namespaces[0].type=1
		/hostname|.hostname=[]
		/process/rlimits/0/type|.process.rlimits=[{"soft":1,"hard":1}]
	L
	nothing_left
}

@test "config.json: duplicate keys, comments, trailing text, bad UTF-8, deep nesting" {
	wasirun_only
	write_config
	local c="$BUNDLE/config.json" f
	cp "$c" "$T/good"
	sed 's/"hostname"/"hostname":"a","hostname"/' "$T/good" >"$c"
	fails rt run -b "$BUNDLE" "$ID"
	has hostname
	(cat "$T/good"; echo '{}') >"$c"
	fails rt run -b "$BUNDLE" "$ID"
	(echo '// x'; cat "$T/good") >"$c"
	fails rt run -b "$BUNDLE" "$ID"
	sed 's/"box"/"b\xc0\x80x"/' "$T/good" >"$c"
	fails rt run -b "$BUNDLE" "$ID"
	head -c 100000 /dev/zero | tr '\0' '[' >"$c"
	fails rt run -b "$BUNDLE" "$ID"
	: >"$c"
	fails rt run -b "$BUNDLE" "$ID"
	cp "$T/good" "$c"
	ok rt run -b "$BUNDLE" "$ID"
}

@test "config.json: unknown properties are ignored" {
	config '.unknown={"a":1} | .process.unknown=[] | .linux.unknown=null | .linux.resources.unknown="x"'
	box print runs
	same "$output" runs
}

@test "config.json: a fifo, a directory, a link, too large" {
	wasirun_only
	rm -f "$BUNDLE/config.json"
	mkfifo "$BUNDLE/config.json"
	fails rt run -b "$BUNDLE" "$ID"
	rm "$BUNDLE/config.json"
	mkdir "$BUNDLE/config.json"
	fails rt run -b "$BUNDLE" "$ID"
	rmdir "$BUNDLE/config.json"
	(printf '{"a":"'; head -c 5000000 /dev/zero | tr '\0' x; printf '"}') >"$BUNDLE/config.json"
	fails rt run -b "$BUNDLE" "$ID"
}

@test "--systemd-cgroup, checkpoint and restore: an answer, not a crash" {
	wasirun_only
	program true
	write_config
	run rt --systemd-cgroup run -b "$BUNDLE" "$ID"
	[ "$status" -le 1 ]
	fails rt checkpoint --image-path "$T/img" "$ID"
	fails rt restore --image-path "$T/img" -b "$BUNDLE" "$ID"
}
