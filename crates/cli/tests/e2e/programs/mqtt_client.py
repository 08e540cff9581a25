"""As much of MQTT 3.1.1 as a program needs that plays a part in tests, so that it needs no package."""

import select
import socket
import struct


class Client:
    """A clean session with a broker on this machine."""

    def __init__(self, port, qos=0):
        self.qos = qos
        self.buffer = b""
        self.packets = 0
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Protocol level 4, a clean session, no keep-alive, and a client id that the broker chooses.
        self._send(0x10, self._text("MQTT") + bytes([4, 2, 0, 0]) + self._text(""))
        kind, body = self._wait()
        if kind >> 4 != 2 or body[1] != 0:
            raise ConnectionError(f"the broker refuses us: {body!r}")

    def subscribe(self, topics):
        """Returns once the broker has confirmed it."""
        body = self._number() + b"".join(self._text(it) + bytes([self.qos]) for it in topics)
        self._send(0x82, body)
        while self._wait()[0] >> 4 != 9:
            pass

    def publish(self, topic, payload, retain=False):
        number = self._number() if self.qos else b""
        kind = 0x30 | self.qos << 1 | int(retain)
        self._send(kind, self._text(topic) + number + payload.encode())

    def messages(self, timeout):
        """Returns what has arrived within so many seconds, as topics and payloads."""
        if not select.select([self.socket], [], [], max(timeout, 0))[0]:
            return []
        self._read()
        found = []
        while (packet := self._packet()) is not None:
            kind, body = packet
            if kind >> 4 != 3:
                continue
            length = struct.unpack_from("!H", body)[0]
            topic, rest = body[2:2 + length].decode(), body[2 + length:]
            if kind >> 1 & 3:
                self._send(0x40, rest[:2])
                rest = rest[2:]
            found.append((topic, rest))
        return found

    def _send(self, kind, body):
        length, rest = b"", len(body)
        while True:
            rest, digit = rest >> 7, rest & 127
            length += bytes([digit | (128 if rest else 0)])
            if not rest:
                break
        self.socket.sendall(bytes([kind]) + length + body)

    def _wait(self):
        while (packet := self._packet()) is None:
            self._read()
        return packet

    def _read(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the broker is gone")
        self.buffer += data

    def _packet(self):
        length, shift, at = 0, 0, 1
        while True:
            if len(self.buffer) <= at:
                return None
            digit = self.buffer[at]
            length |= (digit & 127) << shift
            shift, at = shift + 7, at + 1
            if digit < 128:
                break
        if len(self.buffer) < at + length:
            return None
        kind, body = self.buffer[0], self.buffer[at:at + length]
        self.buffer = self.buffer[at + length:]
        return kind, body

    def _number(self):
        self.packets = self.packets % 65535 + 1
        return struct.pack("!H", self.packets)

    @staticmethod
    def _text(text):
        data = text.encode()
        return struct.pack("!H", len(data)) + data
