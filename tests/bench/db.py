"""db.py - the least that a client of PostgreSQL, MariaDB and Redis needs: log in with a password, ask one question, read the answer.

For benchmarks only: no process of a client is part of what is measured. Must not keep anything between two calls.
"""
import base64
import hashlib
import hmac
import os
import socket
import struct
import time


class NotReady(Exception):
    """The server is there but does not answer yet, or nobody is there yet."""


def _exactly(s, n):
    out = b""
    while len(out) < n:
        part = s.recv(n - len(out))
        if not part:
            raise NotReady("the server hung up")
        out += part
    return out


# --- PostgreSQL

def _pg_message(s):
    kind, n = struct.unpack("!cI", _exactly(s, 5))
    return kind, _exactly(s, n - 4)


def _pg_send(s, kind, body):
    s.sendall(kind + struct.pack("!I", len(body) + 4) + body)


def _pg_scram(s, password, offered):
    if b"SCRAM-SHA-256" not in offered.split(b"\0"):
        raise RuntimeError("no SCRAM offered: %r" % offered)
    nonce = base64.b64encode(os.urandom(12)).decode()
    bare = "n=,r=" + nonce
    first = ("n,," + bare).encode()
    _pg_send(s, b"p", b"SCRAM-SHA-256\0" + struct.pack("!I", len(first)) + first)
    body = _pg_expect(s, 11)
    fields = dict(f.split("=", 1) for f in body.decode().split(","))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(fields["s"]), int(fields["i"]))
    key = hmac.digest(salted, b"Client Key", "sha256")
    final = "c=biws,r=" + fields["r"]
    text = ",".join([bare, body.decode(), final]).encode()
    mark = hmac.digest(hashlib.sha256(key).digest(), text, "sha256")
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, mark))).decode()
    _pg_send(s, b"p", (final + ",p=" + proof).encode())
    _pg_expect(s, 12)


def _pg_error(body):
    fields = {f[:1]: f[1:].decode(errors="replace") for f in body.split(b"\0") if f}
    if fields.get(b"C") == "57P03":
        raise NotReady(fields.get(b"M", ""))
    raise RuntimeError(fields.get(b"M", "?"))


def _pg_expect(s, code):
    kind, body = _pg_message(s)
    if kind == b"E":
        _pg_error(body)
    if kind != b"R" or struct.unpack("!I", body[:4])[0] != code:
        raise RuntimeError("unexpected answer %r" % kind)
    return body[4:]


def postgres(where, user, password, database):
    """One SELECT; where: (host, port), or the path of a socket."""
    with _open(where) as s:
        body = b"user\0%s\0database\0%s\0\0" % (user.encode(), database.encode())
        s.sendall(struct.pack("!II", len(body) + 8, 196608) + body)
        kind, body = _pg_message(s)
        if kind == b"E":
            _pg_error(body)
        how = struct.unpack("!I", body[:4])[0]
        if how == 10:
            _pg_scram(s, password, body[4:])
            _pg_expect(s, 0)
        elif how == 3:
            _pg_send(s, b"p", password.encode() + b"\0")
            _pg_expect(s, 0)
        while kind != b"Z":
            kind, body = _pg_message(s)
        _pg_send(s, b"Q", b"SELECT 42\0")
        answer = b""
        kind = b""
        while kind != b"Z":
            kind, body = _pg_message(s)
            if kind == b"E":
                _pg_error(body)
            if kind == b"D":
                answer = body[6:]
        if answer != b"42":
            raise RuntimeError("answered %r" % answer)


# --- MariaDB, MySQL

def _my_packet(s):
    head = _exactly(s, 4)
    body = _exactly(s, head[0] | head[1] << 8 | head[2] << 16)
    if body[:1] == b"\xff":
        raise RuntimeError(body[3:].decode(errors="replace"))
    return head[3], body


def _my_send(s, number, body):
    s.sendall(struct.pack("<I", len(body))[:3] + bytes([number]) + body)


def mysql(where, user, password, database):
    """One SELECT, with mysql_native_password."""
    with _open(where) as s:
        _, hello = _my_packet(s)
        at = hello.index(b"\0", 1) + 5
        salt = hello[at:at + 8] + hello[at + 27:at + 39]
        stage = hashlib.sha1(password.encode()).digest()
        mask = hashlib.sha1(salt + hashlib.sha1(stage).digest()).digest()
        token = bytes(a ^ b for a, b in zip(stage, mask))
        body = struct.pack("<IIB23x", 0x000aa205 | (8 if database else 0), 1 << 24, 45) + user.encode() + b"\0"
        body += bytes([len(token)]) + token + (database.encode() + b"\0" if database else b"") + b"mysql_native_password\0"
        _my_send(s, 1, body)
        number, answer = _my_packet(s)
        if answer[:1] == b"\xfe":
            end = answer.index(b"\0", 1)
            mask = hashlib.sha1(answer[end + 1:end + 21] + hashlib.sha1(stage).digest()).digest()
            _my_send(s, number + 1, bytes(a ^ b for a, b in zip(stage, mask)))
            _, answer = _my_packet(s)
        if answer[:1] != b"\0":
            raise RuntimeError("log-in answered %r" % answer)
        _my_send(s, 0, b"\x03SELECT 42")
        ends, value = 0, b""
        _my_packet(s)
        while ends < 2:
            _, body = _my_packet(s)
            if body[:1] == b"\xfe" and len(body) < 9:
                ends += 1
            elif ends == 1:
                value = body
        if value != b"\x0242":
            raise RuntimeError("answered %r" % value)


# --- Redis

def redis(where, _user, password, _database):
    """AUTH and PING."""
    with _open(where) as s:
        words = [b"PING"]
        if password:
            words.insert(0, b"AUTH " + password.encode())
        s.sendall(b"".join(w + b"\r\n" for w in words))
        answer = b""
        while answer.count(b"\r\n") < len(words):
            part = s.recv(4096)
            if not part:
                raise NotReady("the server hung up")
            answer += part
        if b"-LOADING" in answer:
            raise NotReady("loading")
        if not answer.endswith(b"+PONG\r\n"):
            raise RuntimeError("answered %r" % answer)


def _open(where):
    s = socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET, socket.SOCK_STREAM)
    s.settimeout(30)
    try:
        s.connect(where)
    except (ConnectionRefusedError, FileNotFoundError) as e:
        s.close()
        raise NotReady(str(e)) from e
    return s


ASK = {"postgres": postgres, "mariadb": mysql, "mysql": mysql, "redis": redis}


def until_answered(engine, where, user, password, database, seconds=60):
    """Asks until there is an answer."""
    end = time.monotonic() + seconds
    while True:
        try:
            return ASK[engine](where, user, password, database)
        except (NotReady, ConnectionResetError, BrokenPipeError):
            if time.monotonic() > end:
                raise
            time.sleep(0.001)
