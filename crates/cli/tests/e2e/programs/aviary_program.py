"""A program as people write it for a network over UDP that a profile of aviary describes.

It knows what its profile says and nothing else. What its author did not think of ends it, as it
ends theirs: a datagram that is longer than it reads, bytes that are no JSON, a message that it does
not know, a field that is missing or has another type. It reports what it does as lines of JSON, and
mines a block for each line that it is told.
"""

import hashlib
import json
import random
import select
import socket
import time
from collections import Counter

from reporting import report, start, udp_options

READ = 1024
KINDS = {"minedBy": str, "nonce": str, "messages": list, "hash": str}


class Program:
    def __init__(self, rules, options):
        self.rules, self.options = rules, options
        self.chance = random.Random(options.seed)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", options.port))
        host, port = options.advertise.rsplit(":", 1)
        self.me = (host, int(port))
        self.name = f"program-{options.seed}"
        self.peers, self.gossips = {}, set()
        self.chain = []
        self.stats, self.wanted, self.blocks = {}, None, {}
        self.timers = []

    # What a profile says of messages.

    def number(self, value):
        return str(value) if self.rules["numbers"] == "text" else value

    def send(self, to, **message):
        self.socket.sendto(json.dumps(message).encode(), to)

    def read_number(self, value):
        if self.rules["numbers"] == "text":
            if not isinstance(value, str):
                raise TypeError(f"{value!r} is no text")
            return int(value)
        if not isinstance(value, int):
            raise TypeError(f"{value!r} is no number")
        return value

    def fields(self):
        names = ["height", "minedBy", "nonce", "messages", "hash"]
        return names + ["timestamp"] if self.rules["timestamp"] else names

    def read_block(self, said):
        block = {name: said[name] for name in self.fields()}
        for name, kind in KINDS.items():
            if not isinstance(block[name], kind):
                raise TypeError(f"{name} is {block[name]!r}")
        for name in ["height", "timestamp"]:
            if name in block:
                block[name] = self.read_number(block[name])
        return block

    def said_block(self, block):
        return {
            name: self.number(value) if name in ("height", "timestamp") else value
            for name, value in block.items()
        }

    def is_null(self, said):
        shape = self.rules["null_reply"]
        if shape == "short":
            return set(said) == {"type"}
        none = "None" if shape == "text None" else None
        return said["height"] == none

    def send_null(self, to):
        shape = self.rules["null_reply"]
        if shape == "array":
            self.socket.sendto(json.dumps([None] * len(self.fields())).encode(), to)
            return
        none = "None" if shape == "text None" else None
        nulls = {} if shape == "short" else {name: none for name in self.fields()}
        self.send(to, type="GET_BLOCK_REPLY", **nulls)

    # Blocks.

    def hash_of(self, block, before):
        hasher = hashlib.sha256(before.encode())
        hasher.update(block["minedBy"].encode())
        for message in block["messages"]:
            hasher.update(message.encode())
        if self.rules["timestamp"]:
            hasher.update(block["timestamp"].to_bytes(8, "big"))
        hasher.update(block["nonce"].encode())
        return hasher.hexdigest()

    def is_valid(self, block, chain):
        if not 1 <= len(block["messages"]) <= 10 or len(block["nonce"]) > 40:
            return False
        if any(len(message) > 20 for message in block["messages"]):
            return False
        before = chain[-1]["hash"] if chain else ""
        zeros = "0" * self.options.difficulty
        return (block["height"] == len(chain) and block["hash"].endswith(zeros)
                and self.hash_of(block, before) == block["hash"])

    def follow(self, chain):
        self.chain = chain
        report("tip", height=len(chain) - 1, hash=chain[-1]["hash"])

    def mine(self, word):
        block = {"height": len(self.chain), "minedBy": self.name, "nonce": "", "messages": [word],
                 "hash": ""}
        if self.rules["timestamp"]:
            block["timestamp"] = int(time.time())
        before = self.chain[-1]["hash"] if self.chain else ""
        number = self.chance.randrange(1 << 31)
        while True:
            block["nonce"] = str(number)
            block["hash"] = self.hash_of(block, before)
            if block["hash"].endswith("0" * self.options.difficulty):
                break
            number += 1
        block = {name: block[name] for name in self.fields()}
        self.follow(self.chain + [block])
        for peer in list(self.peers):
            self.send(peer, type="ANNOUNCE", **self.said_block(block))

    # Messages.

    def hear(self, payload, source):
        if len(payload) > READ:
            raise ValueError("a datagram that is longer than we read")
        said = json.loads(payload)
        if isinstance(said, list):
            if self.rules["null_reply"] != "array":
                raise TypeError("a list")
            return
        kind = said["type"]
        if kind == self.rules["names"]:
            self.on_gossip(said, source)
        elif kind == self.rules["reply"]:
            self.add((said["host"], self.read_number(said["port"])), source)
        else:
            handlers = {
                "STATS": self.on_stats, "STATS_REPLY": self.on_stats_reply,
                "GET_BLOCK": self.on_get_block, "GET_BLOCK_REPLY": self.on_block,
                "ANNOUNCE": self.on_announce, "CONSENSUS": lambda *_: self.ask_stats(),
                "NEW_WORD": lambda said, _: said["word"],
            }
            handlers[kind](said, source)
        if source in self.peers:
            self.peers[source] = time.monotonic()

    def add(self, named, source):
        place = source if self.rules["reply_to"] == "source" else named
        if place != self.me:
            self.peers[place] = time.monotonic()

    def on_gossip(self, said, source):
        named = (said["host"], self.read_number(said["port"]))
        if named == self.me or said["id"] in self.gossips:
            return
        self.gossips.add(said["id"])
        to = source if self.rules["reply_to"] == "source" else named
        self.send(to, type=self.rules["reply"], host=self.me[0], port=self.number(self.me[1]),
                  name=self.name)
        others = [peer for peer in self.peers if peer not in (named, source)]
        for peer in self.chance.sample(others, min(3, len(others))):
            self.send(peer, **said)
        self.add(named, source)

    def on_stats(self, said, source):
        if self.chain:
            height = len(self.chain) - (self.rules["stats_height"] == "tip")
            self.send(source, type="STATS_REPLY", height=self.number(height),
                      hash=self.chain[-1]["hash"])
        elif self.rules["empty"] != "silent":
            height = {"null": None, "0": self.number(0), "-1": self.number(-1)}
            self.send(source, type="STATS_REPLY", height=height[self.rules["empty"]], hash=None)

    def on_stats_reply(self, said, source):
        height, digest = said["height"], said["hash"]
        if digest is None:
            if self.rules["empty"] == "silent":
                raise TypeError("a hash of nothing")
            return
        count = self.read_number(height) + (self.rules["stats_height"] == "tip")
        if count < 1 or len(digest) != 64:
            raise ValueError(f"no chain: {said}")
        self.stats[source] = (count, digest)

    def on_get_block(self, said, source):
        height = self.read_number(said["height"])
        is_kept = height == 0 and not self.rules["serve_genesis"]
        if 0 <= height < len(self.chain) and not is_kept:
            self.send(source, type="GET_BLOCK_REPLY", **self.said_block(self.chain[height]))
        else:
            self.send_null(source)

    def on_block(self, said, source):
        if self.is_null(said):
            return
        block = self.read_block(said)
        if self.wanted and block["height"] < self.wanted[0]:
            self.blocks.setdefault(block["height"], []).append(block)
            self.assemble()

    def on_announce(self, said, source):
        block = self.read_block(said)
        if self.chain and self.is_valid(block, self.chain):
            self.follow(self.chain + [block])

    # The chain that is chosen.

    def choose(self):
        if len(self.peers) < self.rules["min_peers"] or not self.stats:
            return None
        ours = {block["hash"] for block in self.chain}
        own = (len(self.chain), self.chain[-1]["hash"]) if self.chain else None
        rule = self.rules["choose"]
        if rule in ("most-agreed", ">half"):
            # Who has less of our own chain agrees with us.
            votes = Counter(own if claim[1] in ours else claim for claim in self.stats.values())
            votes.update([own] if own else [])
            total = sum(votes.values())

            def weight(claim):
                return votes[claim] if rule == "most-agreed" else 2 * votes[claim] > total

            best = min(votes, key=lambda claim: (-weight(claim), -claim[0], claim[1]))
        else:
            claims = [claim for claim in self.stats.values() if claim[1] not in ours]
            claims += [own] if own else []
            if rule == "highest":
                height = max(claim[0] for claim in claims)
                best = own if own and own[0] == height else [c for c in claims if c[0] == height][0]
            else:
                best = min(claims, key=lambda claim: (-claim[0], claim[1]))
        return None if best == own else best

    def ask_stats(self):
        self.stats = {}
        for peer in list(self.peers):
            self.send(peer, type="STATS")

    def consensus(self):
        best = self.choose()
        if best != self.wanted:
            self.wanted, self.blocks = best, {}
        if self.wanted:
            backers = [peer for peer, claim in self.stats.items() if claim == self.wanted]
            for height in range(self.wanted[0]):
                if height not in self.blocks and backers:
                    keep = height == 0 and not self.rules["serve_genesis"]
                    asked = list(self.peers) if keep else [self.chance.choice(backers)]
                    for peer in asked:
                        self.send(peer, type="GET_BLOCK", height=self.number(height))

    def assemble(self):
        chain = []
        while len(chain) < self.wanted[0]:
            fits = [it for it in self.blocks.get(len(chain), []) if self.is_valid(it, chain)]
            if not fits:
                return
            chain.append(fits[0])
        if chain[-1]["hash"] == self.wanted[1]:
            self.wanted = None
            self.follow(chain)

    # Time.

    def gossip(self):
        now = time.monotonic()
        self.peers = {peer: heard for peer, heard in self.peers.items() if now - heard < 4}
        known = list(self.peers)
        to = self.chance.sample(known, min(3, len(known)))
        if self.options.contact:
            host, port = self.options.contact.rsplit(":", 1)
            to.append((host, int(port)))
        for peer in to:
            self.send(peer, type=self.rules["names"], host=self.me[0], port=self.number(self.me[1]),
                      id=f"{self.chance.getrandbits(64):x}", name=self.name)

    def run(self):
        report("started", address=f"{self.me[0]}:{self.me[1]}")
        if self.options.found:
            self.mine(self.options.found)
        steps = [self.gossip, self.ask_stats, self.consensus, self.consensus]
        # Without a buffer, in which a second line would be seen only with a third.
        told = open(0, "rb", buffering=0)
        sources = [self.socket, told]
        due, step = time.monotonic(), 0
        while True:
            wait = max(due - time.monotonic(), 0)
            ready, _, _ = select.select(sources, [], [], wait)
            if self.socket in ready:
                self.hear(*self.socket.recvfrom(READ + 1))
            if told in ready:
                word = told.readline().decode().strip()
                if word:
                    self.mine(word)
                else:
                    sources.remove(told)
            if time.monotonic() >= due:
                steps[step % len(steps)]()
                due, step = time.monotonic() + 0.1, step + 1


def main():
    parser = udp_options(__doc__)
    parser.add_argument("--contact")
    parser.add_argument("--difficulty", type=int, required=True)
    parser.add_argument("--found")
    parser.add_argument("--seed", type=int, required=True)
    start(parser, lambda profile, options: Program(profile["aviary"], options).run())


if __name__ == "__main__":
    main()
