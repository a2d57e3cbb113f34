load helpers

# What a hostile root file system can do with links. Every place where something is made is tried.

links() {
	echo "$T/can"
	echo "../../../../../../../../../../../../$T/can"
	echo "/proc/self/root/$T/can"
	echo "/proc/1/root/$T/can"
}

@test "T02: /dev of the root file system is a link, no mount on /dev" {
	local l
	canaries
	no_dev
	while read -r l; do
		rm -rf "$BUNDLE/rootfs/dev"
		ln -s "$l" "$BUNDLE/rootfs/dev"
		box true
		[ "$status" -lt 124 ]
		untouched
	done < <(links)
}

@test "T02: /dev is a link, a tmpfs is to be mounted on it" {
	local l
	canaries
	while read -r l; do
		rm -rf "$BUNDLE/rootfs/dev"
		ln -s "$l" "$BUNDLE/rootfs/dev"
		box true
		[ "$status" -lt 124 ]
		untouched
	done < <(links)
}

@test "T03: /dev/null of the root file system is a link to a host file" {
	canaries
	no_dev
	ln -s "$T/can/file" "$BUNDLE/rootfs/dev/null"
	config '.process.user={"uid":1234,"gid":1234}'
	program do print text \; error text
	write_config
	rt run -d --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>/dev/null || true
	sleep 0.2
	untouched
}

@test "T04: /dev/console is a link to nowhere yet" {
	local ro
	canaries
	no_dev
	config '.process.terminal=true'
	ln -s "$T/can/new" "$BUNDLE/rootfs/dev/console"
	for ro in true false; do
		config ".root.readonly=$ro"
		program true
		write_config
		agent recvtty "$T/sock"
		rt run -d --bundle "$BUNDLE" --console-socket "$T/sock" "$ID" </dev/null >"$T/log" 2>&1 || true
		rt delete --force "$ID"
		untouched
	done
}

@test "T05: links at every destination of a mount" {
	local l d
	canaries
	mkdir "$T/src"
	touch "$T/srcfile"
	while read -r l; do
		for d in /lnk /lnk/new/deep /d/lnk /etc/hostname /etc/resolv.conf /run/notify; do
			rm -rf "$BUNDLE"/rootfs/{lnk,d,etc,run}
			mkdir -p "$BUNDLE"/rootfs/{d,etc,run}
			ln -s "$l" "$BUNDLE/rootfs/lnk"
			ln -s "$l" "$BUNDLE/rootfs/d/lnk"
			ln -s "$l/created" "$BUNDLE/rootfs/etc/hostname"
			ln -s "$l/created" "$BUNDLE/rootfs/etc/resolv.conf"
			ln -s "$l" "$BUNDLE/rootfs/run/notify"
			FILTER_KEEP=$FILTER
			case $d in
			/etc/*) config ".mounts += [{destination:\"$d\",type:\"bind\",source:\"$T/srcfile\",options:[\"bind\"]}]" ;;
			*) config ".mounts += [{destination:\"$d\",type:\"bind\",source:\"$T/src\",options:[\"bind\"]}]" ;;
			esac
			box true
			[ "$status" -lt 124 ]
			untouched
			same "$(ls -A "$T/src")" ""
			FILTER=$FILTER_KEEP
		done
	done < <(links)
}

@test "T05: links at tmpfs, tmpcopyup, devices, masked and read-only paths, working directory" {
	local l
	canaries
	while read -r l; do
		rm -rf "$BUNDLE"/rootfs/lnk
		ln -s "$l" "$BUNDLE/rootfs/lnk"
		FILTER_KEEP=$FILTER
		config '.mounts += [{"destination":"/lnk","type":"tmpfs","source":"tmpfs","options":["tmpcopyup"]}]'
		box write /lnk/made x
		untouched
		FILTER=$FILTER_KEEP
		config '.linux.maskedPaths += ["/lnk","/lnk/file"] | .linux.readonlyPaths += ["/lnk"]'
		box true
		untouched
		FILTER=$FILTER_KEEP
		no_dev
		config '.linux.devices=[{"path":"/lnk/dev1","type":"c","major":1,"minor":3}]'
		box true
		untouched
		FILTER=$FILTER_KEEP
		config '.process.cwd="/lnk/new/dir"'
		box true
		untouched
		FILTER=$FILTER_KEEP
	done < <(links)
}

@test "T05: loops of links are an error, not a hang" {
	ln -s b "$BUNDLE/rootfs/a"
	ln -s a "$BUNDLE/rootfs/b"
	config '.mounts += [{"destination":"/a/x","type":"tmpfs","source":"tmpfs"}]'
	box true
	refused
}

@test "T05: the root file system itself is a link" {
	canaries
	mv "$BUNDLE/rootfs" "$T/real"
	ln -s "$T/real" "$BUNDLE/rootfs"
	box print inside
	good
	untouched
}

@test "T10: /dev comes from a volume whose null is a link to a file of proc" {
	mkdir "$T/dev"
	ln -s /proc/version "$T/dev/null"
	config ".mounts |= map(select(.destination|startswith(\"/dev\")|not)) | .mounts += [{destination:\"/dev\",type:\"bind\",source:\"$T/dev\",options:[\"bind\"]}]
		| .linux.maskedPaths=[\"/proc/loadavg\"]"
	box cat /proc/loadavg
	lacks "Linux version" "."
	same "$(readlink "$T/dev/null")" /proc/version
}

@test "T06: a container's /dev/pts holds links in place of terminals" {
	mkdir "$T/pts"
	ln -s /proc/version "$T/pts/0"
	config ".process.terminal=true | .mounts |= map(select(.destination!=\"/dev/pts\")) | .mounts += [{destination:\"/dev/pts\",type:\"bind\",source:\"$T/pts\",options:[\"bind\"]}]"
	program stat /dev/console
	write_config
	agent recvtty "$T/sock"
	rt run -d --bundle "$BUNDLE" --console-socket "$T/sock" "$ID" </dev/null >"$T/log" 2>&1 || true
	sleep 0.2
	run cat "$T/agent"
	lacks "/dev/console file"
}

@test "T11: proc and sys must be mounted on ordinary directories" {
	local d
	canaries
	for d in proc sys; do
		rm -rf "$BUNDLE/rootfs/$d"
		ln -s tmp "$BUNDLE/rootfs/$d"
		box true
		refused
		rm "$BUNDLE/rootfs/$d"
		ln -s "$T/can" "$BUNDLE/rootfs/$d"
		box true
		refused
		untouched
		rm "$BUNDLE/rootfs/$d"
		mkdir "$BUNDLE/rootfs/$d"
	done
	box true
	good
}

@test "T11: nothing is mounted over parts of proc" {
	local d
	mkdir "$T/src"
	for d in /proc/self /proc/self/attr /proc/sys /proc/sys/kernel /proc/1; do
		FILTER_KEEP=$FILTER
		config ".mounts += [{destination:\"$d\",type:\"bind\",source:\"$T/src\",options:[\"bind\"]}]"
		box true
		refused
		FILTER=$FILTER_KEEP
	done
	config ".mounts |= map(select(.destination!=\"/proc\")) | .mounts += [{destination:\"/proc\",type:\"bind\",source:\"$T/src\",options:[\"bind\"]}]"
	box true
	wasirun_only
	refused
}

@test "T12: a shared volume whose directories are exchanged with links while mounts are made" {
	local i swap
	canaries
	mkdir -p "$T/vol/a"
	ln -s / "$T/vol/b"
	mkdir "$T/src"
	touch "$T/src/marker"
	"$TOOL" swap "$T/vol/a" "$T/vol/b" 120 >/dev/null 2>&1 </dev/null 3>&- 4>&- &
	swap=$!
	AGENTS+=("$swap")
	config ".mounts += [{destination:\"/vol\",type:\"bind\",source:\"$T/vol\",options:[\"bind\"]},{destination:\"/vol/a/$T/can\",type:\"bind\",source:\"$T/src\",options:[\"bind\"]}]"
	program true
	write_config
	for ((i = 0; i < ${ROUNDS:-20}; i++)); do
		rt run --bundle "$BUNDLE" "$ID" </dev/null >"$T/out" 2>&1 || true
	done
	kill "$swap" # still at it: all of them ran while it exchanged
	wait "$swap" 2>/dev/null || true
	untouched
}

@test "T26: nothing of the root file system is executed or loaded by the runtime" {
	local f
	canaries
	mkdir -p "$BUNDLE"/rootfs/{lib,lib64,usr/bin,usr/lib/x86_64-linux-gnu/gconv,sbin}
	for f in bin/sh bin/mount usr/bin/newuidmap sbin/ldconfig lib/libnss_files.so.2 lib/libnss_compat.so.2 lib64/libseccomp.so.2 lib/libmount.so.1; do
		printf '#!/bin/sh\ntouch %s/can/pwned\n' "$T" >"$BUNDLE/rootfs/$f"
		chmod 755 "$BUNDLE/rootfs/$f"
	done
	echo "/lib/libnss_files.so.2" >"$BUNDLE/rootfs/etc/ld.so.preload"
	launch pause
	rt exec "$ID" /bin/tool true
	rt delete --force "$ID"
	untouched
	program true
	write_config
	strace -f -qq -e trace=open,openat,execve -o "$T/trace" "$RUNTIME" --root "$T/root" run --bundle "$BUNDLE" "$ID" </dev/null 3>&-
	run grep -E 'libnss|ld\.so\.preload|/gconv' "$T/trace"
	# only the loader of the runtime itself looks at its own, before anything else
	[ -z "$(grep -F "$BUNDLE" <<<"$output")" ]
}

@test "T27: configuration inside the root file system is not read" {
	local f
	for f in config.json .wasirun manifest.json; do echo '{"process":{"args":["/bin/tool","print","hijacked"]}}' >"$BUNDLE/rootfs/$f"; done
	box print right
	same "$output" right
}

@test "T30: numbers in exec --user are never names of the container's passwd" {
	printf '1000:x:0:0:root:/:/bin/sh\nroot:x:0:0::/:/bin/sh\n' >"$BUNDLE/rootfs/etc/passwd"
	launch pause
	ok rt exec --user 1000 "$ID" /bin/tool id
	has uid=1000
}

@test "T30: a huge passwd and group, and one that links to the host's" {
	head -c 30000000 /dev/zero | tr '\0' x >"$BUNDLE/rootfs/etc/passwd"
	ln -s /etc/shadow "$BUNDLE/rootfs/etc/group"
	launch pause
	ok rt exec --user 5 "$ID" /bin/tool id
	has uid=5
	run rt exec --user someone "$ID" /bin/tool id
	lacks "uid=0" 'root:'
}
