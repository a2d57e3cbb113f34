load helpers

bindmount() { config ".mounts += [{destination:\"$2\",type:\"bind\",source:\"$1\",options:$3}]"; }

@test "mounts: the usual ones are there" {
	box mounts
	matches "^/proc .*nosuid.*- proc|^/proc .*nosuid.* proc proc"
	matches "^/dev .*tmpfs"
	matches "^/dev/pts .*devpts"
	matches "^/dev/shm .*tmpfs"
	matches "^/dev/mqueue .*mqueue"
	matches "^/sys ro,"
}

@test "mounts: none is made in the host's namespace" {
	local before
	before=$(wc -l </proc/self/mountinfo)
	launch pause
	same "$(wc -l </proc/self/mountinfo)" "$before"
}

@test "bind: a directory, writable" {
	mkdir "$T/src"
	echo hello >"$T/src/f"
	bindmount "$T/src" /data '["rbind","rw"]'
	box do cat /data/f \; write /data/g new
	good
	line hello
	same "$(cat "$T/src/g")" new
}

@test "bind: read-only" {
	mkdir "$T/src"
	bindmount "$T/src" /data '["bind","ro"]'
	box try mkdir /data/x
	has EROFS
}

@test "bind: a file onto a file that is missing" {
	echo content >"$T/file"
	bindmount "$T/file" /etc/deep/er/file '["bind","ro"]'
	box cat /etc/deep/er/file
	same "$output" content
}

@test "bind: a source relative to the bundle" {
	mkdir "$BUNDLE/data"
	echo x >"$BUNDLE/data/f"
	bindmount data /data '["bind"]'
	box cat /data/f
	same "$output" x
}

@test "bind: a missing source is refused and named" {
	bindmount "$T/missing" /data '["bind"]'
	box true
	refused
	has "$T/missing"
	matches "[Nn]o such file"
}

@test "bind: nosuid, nodev, noexec" {
	mkdir "$T/src"
	cp "$TOOL" "$T/src/tool"
	bindmount "$T/src" /data '["bind","nosuid","nodev","noexec"]'
	box do mounts /data \; exec /data/tool true
	matches "^/data .*nosuid,nodev,noexec"
	has "/data/tool: EACCES"
}

@test "bind: bind is one mount, rbind the tree" {
	mkdir -p "$T/src/sub"
	unshare -m bash -c 'mount -t tmpfs t "$1/src/sub" && touch "$1/src/sub/inner" && shift && exec "$@"' - "$T" true
	bindmount "$T/src" /one '["bind"]'
	bindmount "$T/src" /tree '["rbind"]'
	program do ls /one/sub \; print -- \; ls /tree/sub
	write_config
	ok unshare -m bash -c 'mount -t tmpfs t "$1/src/sub" && touch "$1/src/sub/inner" && shift && exec "$@"' - "$T" "$RUNTIME" --root "$T/root" run -b "$BUNDLE" "$ID"
	same "$output" $'--\ninner'
}

@test "bind: ro is not recursive, rro is" {
	wasirun_only
	mkdir -p "$T/src/sub"
	bindmount "$T/src" /plain '["rbind","ro"]'
	bindmount "$T/src" /all '["rbind","rro"]'
	program do try mkdir /plain/sub/a \; try mkdir /all/sub/b \; try mkdir /all/c
	write_config
	run unshare -m bash -c 'mount -t tmpfs t "$1/src/sub" && shift && exec "$@"' - "$T" "$RUNTIME" --root "$T/root" run -b "$BUNDLE" "$ID"
	line "mkdir /plain/sub/a: ok" "mkdir /all/sub/b: EROFS" "mkdir /all/c: EROFS"
}

@test "bind: recursive attributes rnosuid rnodev rnoexec rnoatime" {
	wasirun_only
	mkdir -p "$T/src/sub"
	bindmount "$T/src" /all '["rbind","rnosuid","rnodev","rnoexec","rnoatime"]'
	program mounts /all /all/sub
	write_config
	run unshare -m bash -c 'mount -t tmpfs t "$1/src/sub" && shift && exec "$@"' - "$T" "$RUNTIME" --root "$T/root" run -b "$BUNDLE" "$ID"
	matches "^/all .*nosuid,nodev,noexec,noatime"
	matches "^/all/sub .*nosuid,nodev,noexec,noatime"
}

@test "bind: nosymfollow" {
	wasirun_only
	mkdir "$T/src"
	echo x >"$T/src/f"
	ln -s f "$T/src/l"
	bindmount "$T/src" /data '["bind","nosymfollow"]'
	box do cat /data/f \; cat /data/l
	line x "/data/l: ELOOP"
}

@test "tmpfs: size and mode" {
	config '.mounts += [{"destination":"/t","type":"tmpfs","source":"tmpfs","options":["size=64k","mode=1700","noexec"]}]'
	box do stat /t \; statfs /t \; mounts /t
	matches "^/t dir 1700 0:0"
	has size=65536 noexec
}

@test "tmpfs: tmpcopyup brings what was there" {
	mkdir -p "$BUNDLE/rootfs/etc/sub"
	echo one >"$BUNDLE/rootfs/etc/a"
	echo two >"$BUNDLE/rootfs/etc/sub/b"
	chmod 640 "$BUNDLE/rootfs/etc/a"
	ln -s a "$BUNDLE/rootfs/etc/l"
	config '.mounts += [{"destination":"/etc","type":"tmpfs","source":"tmpfs","options":["tmpcopyup"]}]'
	box do cat /etc/a /etc/sub/b \; stat /etc/a \; readlink /etc/l \; write /etc/a changed
	line one two "/etc/a file 0640 0:0 4" "/etc/l -> a"
	same "$(cat "$BUNDLE/rootfs/etc/a")" one
}

@test "root: read-only" {
	config '.root.readonly=true'
	box do try mkdir /x \; mounts / \; write /dev/shm/f x
	has "mkdir /x: EROFS"
	matches "^/ ro,"
}

@test "root: mounts below a read-only root are made" {
	mkdir "$T/src"
	config '.root.readonly=true'
	bindmount "$T/src" /new/place '["bind"]'
	box write /new/place/f x
	good
}

@test "root: a path that is missing or a file is refused" {
	config '.root.path="nothing"'
	box true
	refused
	has nothing
	echo x >"$BUNDLE/file"
	config '.root.path="file"'
	box true
	refused
}

@test "mounts: in the order of the list" {
	mkdir "$T/src"
	echo below >"$T/src/f"
	config '.mounts += [{"destination":"/a","type":"tmpfs","source":"tmpfs"}]'
	bindmount "$T/src" /a/b '["bind"]'
	box cat /a/b/f
	same "$output" below
}

@test "mounts: a destination through a link stays inside" {
	mkdir "$T/src" "$T/outside"
	echo x >"$T/src/f"
	ln -s "$T/outside" "$BUNDLE/rootfs/link"
	bindmount "$T/src" /link/d '["bind"]'
	box cat /link/d/f
	same "$(ls -A "$T/outside")" ""
}

@test "mounts: propagation of the root is private, or as asked" {
	box mounts /
	lacks shared: master:
	config '.linux.rootfsPropagation="shared"'
	box mounts /
	good
	has shared:
	config '.linux.rootfsPropagation="nonsense"'
	box mounts /
	refused
}

@test "mounts: propagation of one mount" {
	mkdir "$T/src"
	bindmount "$T/src" /s '["bind","shared"]'
	bindmount "$T/src" /p '["bind","private"]'
	box mounts /s /p
	matches "^/s .*shared:"
	[ -z "$(grep '^/p .*shared:' <<<"$output")" ]
}

@test "mounts: an unknown file system is refused and named" {
	config '.mounts += [{"destination":"/x","type":"nosuchfs","source":"none"}]'
	box true
	refused
	has /x
}

@test "mounts: data goes to the file system, nonsense is refused" {
	config '.mounts += [{"destination":"/t","type":"tmpfs","source":"tmpfs","options":["nr_inodes=nonsense"]}]'
	box true
	refused
	has /t
}

@test "mounts: a mount on /proc other than proc is refused" {
	mkdir "$T/src"
	config '.mounts |= map(select(.destination!="/proc"))'
	bindmount "$T/src" /proc/self '["bind"]'
	box true
	refused
}

@test "mounts: idmapped bind" {
	wasirun_only
	mkdir "$T/src"
	touch "$T/src/f"
	chown 1000:1000 "$T/src/f"
	config ".mounts += [{destination:\"/data\",type:\"bind\",source:\"$T/src\",options:[\"bind\"],
		uidMappings:[{containerID:1000,hostID:5000,size:1}],gidMappings:[{containerID:1000,hostID:6000,size:1}]}]"
	box stat /data/f
	good
	has "5000:6000"
}

@test "mounts: cgroup, read-only, only the own one visible" {
	config '.linux.namespaces += [{"type":"cgroup"}] | .mounts += [{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["nosuid","noexec","nodev","ro"]}]'
	box do cat /proc/self/cgroup \; try mkdir /sys/fs/cgroup/x \; try mkdir /sys/fs/cgroup/pids/x
	lacks "$ID" ": ok"
	good || true
}

@test "masked and read-only paths" {
	config '.linux.maskedPaths=["/proc/keys","/sys/kernel","/no/such"] | .linux.readonlyPaths=["/proc/sys","/tmp","/no/such"]'
	box do cat /proc/keys \; ls /sys/kernel \; try mkdir /tmp/x \; try write /proc/sys/kernel/hostname \; print end
	line "mkdir /tmp/x: EROFS" "write /proc/sys/kernel/hostname: EROFS" end
	same "$(grep -vc -e EROFS -e end <<<"$output")" 0
}

@test "mounts: devices and pipes as a bind's source" {
	touch "$BUNDLE/rootfs/tmp/n"
	bindmount /dev/null /tmp/n '["bind"]'
	box stat /tmp/n
	matches "^/tmp/n char .* 1:3"
}

@test "mounts: two hundred of them" {
	mkdir "$T/src"
	config ".mounts += [range(200) | {destination:\"/m/\\(.)\",type:\"bind\",source:\"$T/src\",options:[\"bind\",\"ro\"]}]"
	box mounts
	good
	same "$(grep -c '^/m/' <<<"$output")" 200
}
