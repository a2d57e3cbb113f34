#!/usr/bin/env python3
"""Throughput and connect latency of a brokered TCP connection beside a native one, interleaved pairs in one run.

broker.py BOX [PAIRS] [SECONDS]. Traffic stays on the loopback of a network namespace of the bench's own (it starts itself again in one). The
client is the same program in both; established connections are the kernel's own, so the figures should not differ."""
import os, socket, statistics, subprocess, sys, threading, time

PORT, CONNECTS, CHUNK = 7000, 300, 1 << 16

CLIENT = """
import socket, sys, time
port, seconds, connects = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
took = []
for _ in range(connects):
    s = socket.socket(); t = time.perf_counter(); s.connect(("127.0.0.1", port)); took.append(time.perf_counter() - t); s.close()
s = socket.socket(); s.connect(("127.0.0.1", port))
block, n, end = bytes(%d), 0, time.perf_counter() + seconds
begin, cpu = time.perf_counter(), time.process_time()
while time.perf_counter() < end:
    s.sendall(block); n += len(block)
cpu = time.process_time() - cpu
s.shutdown(socket.SHUT_WR); s.recv(1)
print(n / (time.perf_counter() - begin), sorted(took)[len(took) // 2], n / cpu)
""" % CHUNK


def serve(listener):
    def drain(c):
        buf = bytearray(CHUNK)
        while c.recv_into(buf):
            pass
        try:
            c.send(b".")
        except OSError:
            pass
        c.close()
    while True:
        threading.Thread(target=drain, args=(listener.accept()[0],), daemon=True).start()


def measure(prefix, seconds):
    out = subprocess.run(prefix + [sys.executable, "-c", CLIENT, str(PORT), str(seconds), str(CONNECTS)], check=True, stdout=subprocess.PIPE)
    return [float(x) for x in out.stdout.split()]


def main():
    if os.environ.get("BROKER_BENCH") != "inside":
        os.environ["BROKER_BENCH"] = "inside"
        os.execvp("unshare", ["unshare", "-n", sys.executable] + sys.argv)
    box, pairs, seconds = sys.argv[1], int((sys.argv + ["15"] * 2)[2]), float((sys.argv + ["", "", "1"])[3] if len(sys.argv) > 3 else 1)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    listener = socket.create_server(("127.0.0.1", PORT), backlog=512)
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    brokered = [box, "--connect", "127.0.0.1:%d" % PORT, "--"]
    rates, latency, per_cpu = [], [], []
    for i in range(pairs):
        # in a session of its own, too: on a busy machine the scheduler shares the processor among sessions
        order = [("native", ["setsid", "--wait"]), ("brokered", brokered)]
        got = {name: measure(prefix, seconds) for name, prefix in (order if i % 2 else order[::-1])}
        rates.append(got["brokered"][0] / got["native"][0])
        per_cpu.append(got["brokered"][2] / got["native"][2])
        latency.append((got["native"][1], got["brokered"][1]))
        print("pair %2d: native %.2f GB/s, brokered %.2f GB/s" % (i + 1, got["native"][0] / 1e9, got["brokered"][0] / 1e9), flush=True)
    print("throughput, brokered / native, median of %d pairs: %.3f" % (pairs, statistics.median(rates)))
    print("bytes per second of the client's processor time (what a busy machine leaves comparable): %.3f" % statistics.median(per_cpu))
    print("connect, median: native %.0f us, brokered %.0f us" %
          (statistics.median(x[0] for x in latency) * 1e6, statistics.median(x[1] for x in latency) * 1e6))


main()
