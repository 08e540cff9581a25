"""A program as people write it for cs60: a tracker's list, and a chain with one ballot per block.

It knows what the page of the network says and nothing else. What its author did not think of ends
it, as it ends theirs: bytes that are no JSON, a key that is missing, a length that is not that of
the list, a chain that does not fit into a datagram. It reports what it does as lines of JSON, and
mines a block for each line that it is told, until it is in.
"""

import hashlib
import json
import select
import socket

from reporting import report, start, udp_options

GENESIS = {"_data": "", "_index": 0, "_nonce": 0, "_prev_hash": "0"}


def dumps(block):
    return json.dumps(block, sort_keys=True)


def hash_of(block):
    return hashlib.sha256(dumps(block).encode()).hexdigest()


def zeros(zeros, index):
    return "0" * (zeros + int(index ** (1.0 / 3)))


class Program:
    def __init__(self, rules, options):
        self.rules, self.options = rules, options
        host, port = options.advertise.rsplit(":", 1)
        self.me = [host, int(port)]
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", options.port))
        host, port = options.tracker.rsplit(":", 1)
        self.tracker = socket.create_connection((host, int(port)))
        self.tracker.sendall(json.dumps({"type": "SYN", "addr": self.me}).encode())
        self.list, self.chain = [], [GENESIS]
        self.waiting, self.asked = [], False

    def send(self, to, **message):
        self.socket.sendto(json.dumps(message).encode(), tuple(to))

    def is_allowed(self, chain):
        if self.rules["data"] != "ballots":
            return True
        voters = [json.loads(block["_data"])["voter"] for block in chain[1:]]
        return len(set(voters)) == len(voters)

    def is_valid(self, chain):
        for before, block in zip(chain, chain[1:]):
            digest = hash_of(block)
            if block["_prev_hash"] != hash_of(before):
                return False
            if not digest.startswith(zeros(self.rules["zeros"], block["_index"])):
                return False
        return self.is_allowed(chain)

    def follow(self, chain):
        self.chain = chain
        report("tip", height=len(chain) - 1, hash=hash_of(chain[-1]))

    def on_list(self):
        data = self.tracker.recv(1500)
        if not data:
            raise ConnectionError("the tracker is gone")
        self.list = json.loads(data)
        report("list", peers=len(self.list))
        others = [peer for peer in self.list if peer != self.me]
        if others and not self.asked:
            self.asked = True
            self.send(others[-1], type="REQ")

    def on_datagram(self):
        payload, source = self.socket.recvfrom(65536)
        said = json.loads(payload)
        if said["type"] == "REQ":
            blocks = [dumps(block) for block in self.chain]
            chain = dumps({"_chain": blocks, "_length": len(blocks)})
            self.send(source, type="CHAIN", data=chain)
        elif said["type"] == "BLOCK":
            block = json.loads(said["data"])
            if block["_prev_hash"] == hash_of(self.chain[-1]):
                if self.is_valid(self.chain + [block]):
                    self.follow(self.chain + [block])
            elif hash_of(block) not in [hash_of(it) for it in self.chain]:
                self.send(source, type="REQ")
        elif said["type"] == "CHAIN":
            data = json.loads(said["data"])
            blocks = [json.loads(data["_chain"][at]) for at in range(data["_length"])]
            if len(blocks) > len(self.chain) and self.is_valid(blocks):
                self.follow(blocks)
        else:
            raise KeyError(said["type"])

    def mine(self):
        data = self.waiting[0]
        if any(block["_data"] == data for block in self.chain):
            self.waiting.pop(0)
            return
        block = {"_data": data, "_index": len(self.chain), "_nonce": 0,
                 "_prev_hash": hash_of(self.chain[-1])}
        if not self.is_allowed(self.chain + [block]):
            raise ValueError("a ballot that is refused")
        while not hash_of(block).startswith(zeros(self.rules["zeros"], block["_index"])):
            block["_nonce"] += 1
        self.waiting.pop(0)
        self.follow(self.chain + [block])
        for peer in self.list:
            if peer != self.me:
                self.send(peer, type="BLOCK", data=dumps(block))

    def run(self):
        report("started", address=f"{self.me[0]}:{self.me[1]}")
        # Without a buffer, in which a second line would be seen only with a third.
        told = open(0, "rb", buffering=0)
        sources = [self.socket, self.tracker, told]
        while True:
            ready, _, _ = select.select(sources, [], [], 0 if self.waiting else None)
            if self.tracker in ready:
                self.on_list()
            if self.socket in ready:
                self.on_datagram()
            if told in ready:
                line = told.readline().decode().strip()
                if line:
                    self.waiting.append(line)
                else:
                    sources.remove(told)
            if not ready and self.waiting:
                self.mine()


def main():
    parser = udp_options(__doc__)
    parser.add_argument("--tracker", required=True)
    start(parser, lambda profile, options: Program(profile["cs60"], options).run())


if __name__ == "__main__":
    main()
