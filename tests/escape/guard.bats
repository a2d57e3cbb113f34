# What a guarded command tries in vain.

load ../bats/helpers

guard() { rt guard "$@"; }
py() { guard "${G[@]}" -- /usr/bin/python3 -c "$1"; }

setup_file() { [ -x /usr/bin/python3 ] || skip "no /usr/bin/python3"; }

@test "escape: the processes of others can be neither seen nor signalled" {
	wasirun_only
	G=()
	ok py "
import os
pids = [p for p in os.listdir('/proc') if p.isdigit()]
assert len(pids) <= 3, pids
for pid in range(1, 5):
    try:
        print(pid, os.readlink('/proc/%d/root' % pid))
    except OSError: pass
try:
    os.kill($$, 9); print('killed')
except ProcessLookupError: print('no such process')
"
	has "no such process"
}

@test "escape: no network leaves, no odd socket is made" {
	wasirun_only
	G=()
	ok py "
import socket
for family, kind, proto in [(17,3,0),(2,3,1),(10,3,58),(38,5,0),(40,1,0),(2,1,262),(16,3,9),(29,3,1),(21,5,0),(44,1,0)]:
    try:
        socket.socket(family, kind, proto); print('MADE', family, kind, proto)
    except OSError: pass
import os
print(sorted(n for _, n in socket.if_nameindex()))
s = socket.socket()
s.settimeout(2)
try:
    s.connect(('192.0.2.7', 80)); print('CONNECTED')
except OSError as e: print('unreachable')
a = socket.socket(); a.bind(('127.0.0.1', 0)); a.listen(); b = socket.create_connection(a.getsockname()); print('loopback')
"
	lacks MADE CONNECTED
	line "['lo']" unreachable loopback
}

@test "escape: terminals take no fake input, whatever the upper bits" {
	wasirun_only
	G=()
	ok py "
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for request in (0x5412, 0x541c, (1 << 32) | 0x5412, (0xffffffff << 32) | 0x541c):
    r = libc.syscall(16, 0, ctypes.c_ulong(request), b'x')
    print(r, ctypes.get_errno() in (1, 38))
"
	same "$(sort -u <<<"$output")" "-1 True"
}

@test "escape: no namespaces, mounts, keys, tracing, io_uring" {
	wasirun_only
	G=()
	ok py "
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
calls = {'unshare': 272, 'setns': 308, 'mount': 165, 'pivot_root': 155, 'open_tree': 428, 'fsopen': 430, 'keyctl': 250, 'add_key': 248, 'bpf': 321,
         'ptrace': 101, 'io_uring_setup': 425, 'userfaultfd': 323, 'perf_event_open': 298, 'process_vm_readv': 310, 'pidfd_getfd': 438, 'chroot': 161,
         'clone3': 435, 'open_by_handle_at': 304, 'kexec_load': 246, 'init_module': 175, 'reboot': 169}
for name, nr in calls.items():
    r = libc.syscall(nr, 0x10000000, 0, 0, 0, 0)
    if r >= 0 or ctypes.get_errno() not in (1, 38): print('WENT', name, r, ctypes.get_errno())
r = libc.syscall(56, 0x10000011, 0, 0, 0, 0)
print('clone', r)
"
	lacks WENT
	line "clone -1"
}

@test "escape: set-user-id programs give nothing" {
	wasirun_only
	need_root
	cp /bin/sh "$T/suid"
	chown 0 "$T/suid"
	chmod 4755 "$T/suid"
	ok guard --read "$T" -- "$T/suid" -pc 'grep -E "CapEff|NoNewPrivs" /proc/self/status'
	line $'CapEff:\t0000000000000000' $'NoNewPrivs:\t1'
}

@test "escape: kernel settings cannot be written, the root neither" {
	wasirun_only
	G=()
	ok guard -- sh -c 'for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /usr/x /bin/x /etc/x /x /dev/x/y; do
		(echo x >$f) 2>/dev/null && echo "WROTE $f"; done; echo done'
	lacks WROTE
	line done
}

@test "escape: a link in a granted directory leads nowhere" {
	wasirun_only
	mkdir "$T/d"
	echo secret >"$T/secret"
	ln -s "$T/secret" "$T/d/link"
	ln -s ../secret "$T/d/up"
	ok guard --write "$T/d" -- sh -c "cat $T/d/link $T/d/up || echo nothing"
	lacks secret$'\n'
	line nothing
}
