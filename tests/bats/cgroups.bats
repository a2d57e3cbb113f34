load helpers

@test "cgroup: the path asked for, gone afterwards" {
	launch pause
	[ -d "$(cg_dir pids)" ]
	same "$(cg pids cgroup.procs)" "$(state pid)"
	ok rt delete --force "$ID"
	[ ! -d "$(cg_dir pids)" ]
}

@test "cgroup: parents that were made are removed, parents that were there stay" {
	wasirun_only
	config ".linux.cgroupsPath=\"/$ID-p/a/b\""
	box true
	good
	nothing_left
	local d=/sys/fs/cgroup/pids
	[ "$CG" = 1 ] || d=/sys/fs/cgroup
	mkdir "$d/$ID-keep"
	config ".linux.cgroupsPath=\"/$ID-keep/x\""
	box true
	good
	rmdir "$d/$ID-keep"
}

@test "cgroup: without a path one is found, and removed" {
	config 'del(.linux.cgroupsPath)'
	box cat /proc/self/cgroup
	good
	has "$ID"
}

@test "cgroup: a path that climbs out is refused or stays inside" {
	wasirun_only
	config ".linux.cgroupsPath=\"../../$ID-x\""
	box true
	refused
	config ".linux.cgroupsPath=\"/a/../../$ID-x\""
	box true
	refused
}

@test "pids: the limit, and a fork bomb meets it" {
	config '.linux.resources.pids.limit=10'
	launch do forks 50 \; pause
	same "$(cg pids pids.max)" 10
	eventually grep -q "forks=9 EAGAIN" "$T/log"
}

@test "pids: -1 is unlimited" {
	config '.linux.resources.pids.limit=-1'
	launch pause
	same "$(cg pids pids.max)" max
}

@test "memory: the limit, and the one who exceeds it dies of it" {
	config '.linux.resources.memory={"limit":16777216}'
	[ "$CG" = 1 ] || config '.linux.resources.memory.swap=16777216'
	program memhog 64
	write_config
	run rt run -b "$BUNDLE" "$ID"
	same "$status" 137
}

@test "memory: reservation and limit" {
	config '.linux.resources.memory={"limit":67108864,"reservation":33554432}'
	launch pause
	if [ "$CG" = 2 ]; then
		same "$(cg memory memory.max)" 67108864
		same "$(cg memory memory.low)" 33554432
	else
		same "$(cg memory memory.limit_in_bytes)" 67108864
		same "$(cg memory memory.soft_limit_in_bytes)" 33554432
	fi
}

@test "memory: swap is memory and swap together" {
	config '.linux.resources.memory={"limit":67108864,"swap":100663296}'
	launch pause
	if [ "$CG" = 2 ]; then
		same "$(cg memory memory.swap.max)" 33554432
	else
		same "$(cg memory memory.memsw.limit_in_bytes)" 100663296
	fi
}

@test "memory: swap below the limit is refused" {
	need_v2
	config '.linux.resources.memory={"limit":67108864,"swap":33554432}'
	box true
	refused
}

@test "memory: a limit too small for anything is an error that says so" {
	wasirun_only
	config '.linux.resources.memory={"limit":4096}'
	write_config
	fails rt run -b "$BUNDLE" "$ID"
	matches "[Mm]emory|OOM"
}

@test "cpu: quota, period and shares" {
	config '.linux.resources.cpu={"shares":512,"quota":50000,"period":100000}'
	launch pause
	if [ "$CG" = 2 ]; then
		same "$(cg cpu cpu.max)" "50000 100000"
		[[ $(cg cpu cpu.weight) =~ ^(59|60|20)$ ]]
	else
		same "$(cg cpu cpu.cfs_quota_us)" 50000
		same "$(cg cpu cpu.cfs_period_us)" 100000
		same "$(cg cpu cpu.shares)" 512
	fi
}

@test "cpu: quota -1 is unlimited, idle and burst" {
	wasirun_only
	config '.linux.resources.cpu={"quota":-1,"period":100000}'
	launch pause
	if [ "$CG" = 2 ]; then same "$(cg cpu cpu.max)" "max 100000"; else same "$(cg cpu cpu.cfs_quota_us)" -1; fi
	rt delete --force "$ID"
	config '.linux.resources.cpu={"idle":1}'
	launch pause
	same "$(cg cpu cpu.idle)" 1
	rt delete --force "$ID"
	config '.linux.resources.cpu={"quota":50000,"period":100000,"burst":20000}'
	launch pause
	if [ "$CG" = 2 ]; then same "$(cg cpu cpu.max.burst)" 20000; else same "$(cg cpu cpu.cfs_burst_us)" 20000; fi
}

@test "cpuset: cpus and mems" {
	need_controller cpuset
	config '.linux.resources.cpu={"cpus":"0","mems":"0"}'
	launch do affinity \; pause
	same "$(cg cpuset cpuset.cpus)" 0
	eventually grep -qx 0 "$T/log"
}

@test "cpuset: a cpu that does not exist is refused" {
	need_controller cpuset
	config '.linux.resources.cpu={"cpus":"4000"}'
	box true
	refused
	matches "cpus"
}

@test "blockIO: weight and throttle" {
	local dev
	dev=$(lsblk -dnro MAJ:MIN 2>/dev/null | head -1)
	[ -n "$dev" ] || skip "no block device"
	[ "$CG" = 2 ] && need_controller io
	config ".linux.resources.blockIO={throttleReadBpsDevice:[{major:${dev%:*},minor:${dev#*:},rate:1048576}]}"
	launch pause
	if [ "$CG" = 2 ]; then
		cg io io.max | grep "^$dev rbps=1048576"
	else
		cg blkio blkio.throttle.read_bps_device | grep "^$dev 1048576"
	fi
}

@test "unified: files are written as they are named" {
	need_v2
	config '.linux.resources.unified={"memory.high":"50331648","pids.max":"77"}'
	launch pause
	same "$(cg memory memory.high)" 50331648
	same "$(cg pids pids.max)" 77
}

@test "unified: a file that does not exist is an error, a path is refused" {
	need_v2
	config '.linux.resources.unified={"memory.nonsense":"1"}'
	box true
	refused
	has memory.nonsense
	config '.linux.resources.unified={"../memory.high":"1"}'
	box true
	refused
}

@test "unified: on v1 it is refused" {
	need_v1
	wasirun_only
	config '.linux.resources.unified={"memory.high":"50331648"}'
	box true
	refused
}

@test "cgroup: an existing one that is in use is refused" {
	local d=/sys/fs/cgroup/pids p
	[ "$CG" = 1 ] || d=/sys/fs/cgroup
	mkdir "$d/$ID"
	"$TOOL" pause 3>&- 4>&- </dev/null >/dev/null 2>&1 &
	p=$!
	echo $p >"$d/$ID/cgroup.procs"
	program true
	write_config
	run rt run -b "$BUNDLE" "$ID"
	local rc=$status
	kill -KILL $p
	eventually rmdir "$d/$ID"
	wait $p || true
	[ -z "$WASIRUN" ] || [ "$rc" -ne 0 ]
}

@test "cgroup: the payload cannot change its own" {
	config '.linux.namespaces += [{"type":"cgroup"}] | .mounts += [{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["ro"]}]
		| .process.capabilities |= map_values(.+["CAP_SYS_ADMIN"])'
	if [ "$CG" = 2 ]; then
		box do write /sys/fs/cgroup/memory.max max \; write /sys/fs/cgroup/cgroup.procs 1 \; try mkdir /sys/fs/cgroup/x
	else
		box do write /sys/fs/cgroup/pids/pids.max max \; write /sys/fs/cgroup/pids/cgroup.procs 1 \; try mkdir /sys/fs/cgroup/pids/x
	fi
	lacks ": ok"
	same "$(grep -c EROFS <<<"$output")" 3
}

@test "cgroup: the namespace hides what is above" {
	config '.linux.namespaces += [{"type":"cgroup"}]'
	box cat /proc/self/cgroup
	lacks "$ID"
}

@test "cgroup: --cgroup-manager disabled makes none" {
	wasirun_only
	program true
	config 'del(.linux.cgroupsPath, .linux.resources)'
	write_config
	ok rt --cgroup-manager disabled run -b "$BUNDLE" "$ID"
}

@test "cgroup: devices are closed before the payload runs, on exec too" {
	config '.process.capabilities |= map_values(.+["CAP_MKNOD"])'
	launch pause
	ok rt exec "$ID" /bin/tool print x
	run rt exec "$ID" /bin/tool do try mknod /tmp/mem c 1 1 \; try read /tmp/mem
	lacks "read /tmp/mem: ok"
}

@test "update: memory, cpu and pids of a running container" {
	config '.linux.resources += {memory:{limit:67108864},pids:{limit:20},cpu:{shares:512}}'
	launch pause
	ok rt update --memory 33554432 --pids-limit 15 --cpu-quota 40000 --cpu-period 100000 "$ID"
	same "$(cg pids pids.max)" 15
	if [ "$CG" = 2 ]; then
		same "$(cg memory memory.max)" 33554432
		same "$(cg cpu cpu.max)" "40000 100000"
	else
		same "$(cg memory memory.limit_in_bytes)" 33554432
		same "$(cg cpu cpu.cfs_quota_us)" 40000
	fi
}

@test "update: units, and a value that is no number" {
	config '.linux.resources += {memory:{limit:67108864}}'
	launch pause
	ok rt update --memory 32M "$ID"
	if [ "$CG" = 2 ]; then same "$(cg memory memory.max)" 33554432; else same "$(cg memory memory.limit_in_bytes)" 33554432; fi
	fails rt update --memory lots "$ID"
}

@test "update --resources: from a file and from standard input, null is absent" {
	launch pause
	echo '{"pids":{"limit":33},"memory":null,"cpu":{"shares":null}}' >"$T/r.json"
	ok rt update --resources "$T/r.json" "$ID"
	same "$(cg pids pids.max)" 33
	echo '{"pids":{"limit":44}}' | rt update --resources=- "$ID"
	same "$(cg pids pids.max)" 44
	echo '{"pids":"many"}' >"$T/r.json"
	fails rt update --resources "$T/r.json" "$ID"
	same "$(cg pids pids.max)" 44
}

@test "update: a container that does not exist or has stopped" {
	fails rt update --pids-limit 5 nobody
	launch true
	eventually status_is stopped
	fails rt update --pids-limit 5 "$ID"
}

@test "events --stats: one object with what engines read" {
	config '.linux.resources += {memory:{limit:67108864},pids:{limit:20}}'
	launch pause
	ok rt events --stats "$ID"
	jq -e --arg id "$ID" '.type=="stats" and .id==$id and .data.pids.current==1 and .data.pids.limit==20
		and .data.memory.usage.limit==67108864 and (.data.cpu.usage.total|type)=="number"' <<<"$output"
}

@test "events: goes on until the container ends" {
	launch pause
	LIMIT=10 rt events --interval 100ms "$ID" >"$T/events" 2>&1 </dev/null &
	AGENTS+=($!)
	eventually eval 'test "$(wc -l <"$T/events")" -ge 2'
	jq -e '.type=="stats"' <(head -1 "$T/events")
}

@test "events: an OOM kill is reported" {
	config '.linux.resources += {memory:{limit:33554432,swap:33554432}} | .linux.namespaces |= map(select(.type!="pid"))'
	launch pause
	LIMIT=15 rt events --interval 1s "$ID" >"$T/events" 2>&1 </dev/null &
	AGENTS+=($!)
	eventually grep -q stats "$T/events"
	run rt exec "$ID" /bin/tool memhog 128
	same "$status" 137
	eventually grep -q '"oom"' "$T/events"
}
