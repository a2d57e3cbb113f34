#!/usr/bin/env bats
# exec ends up in the container's root, whatever way the container got it.
load helpers

sees_only_the_container() {
	touch "$BUNDLE/rootfs/INSIDE"
	ok rt exec "$ID" /bin/tool ls /
	line INSIDE
	lacks lost+found home
	ok rt exec "$ID" /bin/tool cwd
	line /
}

@test "exec in a container without a mount namespace of its own" {
	config '.linux.namespaces=[{type:"pid"}] | .mounts=[] | .linux.maskedPaths=[] | .linux.readonlyPaths=[] | del(.hostname)'
	launch
	sees_only_the_container
}

@test "exec in a container made with --no-pivot" {
	program pause
	create --no-pivot
	start
	sees_only_the_container
}

@test "exec in a container with a user namespace" {
	config '.linux.namespaces+=[{type:"user"}] | .linux.uidMappings=[{containerID:0,hostID:100000,size:65536}]
		| .linux.gidMappings=.linux.uidMappings'
	chown -R 100000:100000 "$BUNDLE/rootfs"
	launch
	sees_only_the_container
}
