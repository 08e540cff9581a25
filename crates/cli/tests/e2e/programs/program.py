"""A program as people write it for a network over MQTT or AMQP that a profile describes.

It knows what its profile says and nothing else. What its author did not think of ends it, as it
ends theirs: bytes that are no JSON, a field that is missing or has another type, a row that it does
not have, a member too many. It reports what it does as lines of JSON.
"""

import argparse
import heapq
import itertools
import random
import sys
import time
import uuid

from election import elected
from puzzle import candidates, solves
from reporting import report, start
from speech import Speech


def seconds(value):
    """Returns how many seconds "at once", "operator" or a number are."""
    return {"at once": 0, "operator": 0.5}.get(value, value)


def connect(profile, options, me):
    if profile["wire"]["transport"] == "amqp":
        # Only programs over AMQP need the package.
        from amqp_client import Client

        return Client(options.port, profile["amqp"], me, options.seed)
    from mqtt_client import Client

    return Client(options.port, profile["wire"]["qos"])


class Program:
    def __init__(self, profile, options):
        self.profile, self.options = profile, options
        self.chance = random.Random(options.seed)
        self.me = self.new_id()
        self.speech = Speech(profile, options.prefix, connect(profile, options, self.me))
        self.say = self.speech.say
        self.plans, self.planned = [], itertools.count()
        self.stage = "joining"
        self.ids, self.draws, self.leader, self.drawn = [], [], None, None
        self.first = profile["leader"]["first_tx"]
        self.row, self.asked, self.table = self.first, {}, []
        self.solutions, self.votes, self.accepted = [], [], None
        # What came before its time: challenges, words of leaders, and what cannot be checked yet.
        self.early, self.coordinators, self.unchecked = [], [], []

    # What a profile says of messages.

    def new_id(self):
        ids = self.profile["id"]
        if ids["kind"] == "uuid":
            return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        if ids["kind"] == "time-ns":
            return time.time_ns()
        number = self.chance.randint(ids["lo"], ids["hi"])
        return {"int": number, "int-text": str(number), "hex-text": hex(number)}[ids["kind"]]

    def by_row(self):
        """Returns whether only what is about the open row counts, as where all sign and vote."""
        judge = self.profile["judge"]
        return judge["by"] == "all" and "of next" not in judge["bound"]

    def hear(self, topic, payload):
        kind = self.speech.kind_of(topic)
        lacks_keys = self.speech.signing and self.stage in ("joining", "keys")
        if lacks_keys and kind not in ("init", "pubkey"):
            self.unchecked.append((topic, payload))
            return
        values = self.speech.read(kind, payload, self.leader)
        if values is not None:
            getattr(self, f"on_{kind}")(**values)

    # Time.

    def plan(self, after, action):
        heapq.heappush(self.plans, (time.monotonic() + after, next(self.planned), action))

    def run(self):
        self.speech.listen()
        report("started", id=str(self.me))
        # People start their programs together: who says an id once must be heard by all.
        sys.stdin.readline()
        self.begin()
        # Until it is ended from outside: what comes after its last row must not end it either.
        while True:
            due = self.plans[0][0] - time.monotonic() if self.plans else 60
            for topic, payload in self.speech.client.messages(due):
                self.hear(topic, payload)
                self.go_on()
            while self.plans and self.plans[0][0] <= time.monotonic():
                heapq.heappop(self.plans)[2]()
                self.go_on()

    # Meeting.

    def begin(self):
        join = self.profile["join"]
        count, gap = join["burst"]
        for number in range(1 if join["send_exactly_once"] else count):
            self.plan(join["delay"] + number * gap, self.say_id)
        if isinstance(join["announce"], (int, float)):
            self.plan(join["delay"] + join["announce"], self.say_id_again)

    def say_id(self):
        self.say("init", id=self.me)

    def say_id_again(self):
        if self.stage == "joining":
            self.say_id()
            self.plan(self.profile["join"]["announce"], self.say_id_again)

    def on_init(self, id):
        join = self.profile["join"]
        is_new = id not in self.ids
        if self.stage != "joining":
            # It counts messages: its list of members is longer than its network.
            if join["send_exactly_once"]:
                raise IndexError("a member too many")
            return
        if id is None:
            if not join["ignore_null"]:
                raise TypeError("an id of null")
            return
        if is_new or join["send_exactly_once"]:
            self.ids.append(id)
        if is_new and not join["send_exactly_once"]:
            self.say_id()

    def say_key(self):
        self.stage = "keys"
        self.say("pubkey", id=self.me, key=self.speech.signing.own_key())

    def on_pubkey(self, id, key):
        self.speech.signing.learn(id, key)

    # Election.

    def begin_election(self):
        self.stage = "electing"
        self.draws = [] if self.repeats_votes() else self.draws
        vote = self.profile["vote"]
        later = vote.get("later") if self.leader is not None else None
        if (later or vote["kind"]) == "member":
            self.drawn = self.chance.choice(self.ids)
        elif vote["type"] == "uuid":
            self.drawn = str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        else:
            self.drawn = self.chance.randint(vote["lo"], vote["hi"])
        self.plan(self.profile["election"]["vote_delay"], self.say_vote)

    def repeats_votes(self):
        return isinstance(self.profile["election"]["vote"], (int, float))

    def say_vote(self):
        if self.stage == "electing" or not self.asked:
            self.say("vote", id=self.me, vote=self.drawn)
            if self.repeats_votes():
                self.plan(self.profile["election"]["vote"], self.say_vote)

    def on_vote(self, id, vote):
        if self.stage == "joining":
            if self.profile["join"]["learn_id_from_vote"] and id not in self.ids:
                self.ids.append(id)
                self.say_id()
            elif self.repeats_votes():
                return
        # Where they are signed, equal texts are one.
        is_known = self.speech.signing and (id, vote) in self.draws
        if not is_known and not (self.repeats_votes() and any(it[0] == id for it in self.draws)):
            self.draws.append((id, vote))

    def on_coordinator(self, id, vote=None):
        self.coordinators.append(id)

    # Rows.

    def go_on(self):
        size = self.options.peers
        if self.stage == "joining" and len(self.ids) >= size:
            self.say_key() if self.speech.signing else self.begin_election()
        if self.stage == "keys" and all(id in self.speech.signing.keys for id in self.ids):
            self.begin_election()
            unchecked, self.unchecked = self.unchecked, []
            for topic, payload in unchecked:
                self.hear(topic, payload)
        announced = self.profile["election"]["announced"]
        if self.stage == "electing" and len(self.draws) >= size:
            draws, self.draws = self.draws[:size], self.draws[size:]
            winner = elected(self.profile["election"], draws)
            if announced:
                self.stage = "following"
                if winner == self.me:
                    self.say("coordinator", id=self.me, vote=self.drawn)
            else:
                self.follow(winner)
        if self.stage == "following" and self.coordinators:
            self.follow(self.coordinators.pop(0))
        if self.profile["judge"]["by"] == "all":
            self.judge_row() if self.by_row() else self.judge()

    def follow(self, leader):
        self.leader = leader
        report("elected", leader=str(leader))
        self.idle()
        early, self.early = self.early, []
        for challenge in early:
            self.on_challenge(**challenge)

    def idle(self):
        self.stage = "idle"
        rounds = self.options.rounds
        if len(self.table) >= rounds:
            self.stage = "done"
            report("finished", rows=len(self.table))
        elif self.leader == self.me:
            # The first waits for those whose election lags behind: they must hear all votes again.
            again = 1.25 * self.profile["election"]["vote"] if self.repeats_votes() else 0
            first = max(self.profile["election"]["wait"], again)
            self.plan(self.options.pause if self.asked else first, self.ask)

    def ask(self):
        lo, hi = self.options.challenge
        d = self.chance.randint(lo, hi)
        self.say("challenge", id=self.me, tx=self.row, challenge=d)

    def on_challenge(self, challenge, id=None, tx=None):
        if self.by_row() and self.stage != "idle":
            # A broker may deliver it before the last votes.
            self.early.append({"challenge": challenge, "id": id, "tx": tx})
            return
        if self.leader is None:
            if not self.repeats_votes():
                raise IndexError("a challenge before the election")
            # Its own election lags behind: others have heard votes that it lost.
            self.early.append({"challenge": challenge, "id": id, "tx": tx})
            return
        if id is not None and id != self.leader:
            return
        tx = self.row if tx is None else tx
        # One that was said again.
        if self.stage != "idle" or tx < self.row:
            return
        self.row = tx
        self.asked[tx] = int(challenge)
        self.stage = "mining"
        if self.leader != self.me or self.profile["leader"]["mines"]:
            self.plan(self.search_time(tx), lambda: self.answer(tx))

    def search_time(self, tx):
        if self.profile["wire"]["transport"] == "mqtt":
            return self.chance.uniform(0.02, 0.2)
        # Without an order that all share, programs agree only as long as no two of them find a
        # solution at the same instant.
        return 0.5 + 0.4 * ((self.options.seed + tx) % self.options.peers)

    def answer(self, tx):
        if self.stage != "mining" or tx != self.row:
            return
        d, rules = self.asked[tx], self.profile["puzzle"]
        tries = candidates(rules, tx, d, self.me, self.chance)
        found = next(it for it in tries if solves(rules, tx, d, it))
        self.say("solution", id=self.me, tx=tx, solution=found)

    def on_solution(self, solution, id, tx=None):
        tx = self.row if tx is None else tx
        if self.profile["judge"]["by"] == "all":
            # One of a row that is over counts no more where only the open one does.
            if not self.by_row() or tx >= self.row:
                self.solutions.append((id, tx, solution))
            return
        if self.leader != self.me:
            return
        # It looks the row up in its table; there is none for a row that it did not ask for.
        d, codes = self.asked[tx], self.profile["judge"]["result"]
        is_open = self.stage == "mining" and tx == self.row
        is_right = solves(self.profile["puzzle"], tx, d, solution)
        code = codes["late"] if not is_open else codes["ok"] if is_right else codes["wrong"]
        if code != "silent":
            self.say("result", solver=id, id=id, tx=tx, solution=solution, result=code)
        if is_open and is_right:
            self.record(tx, solution, id)

    def on_result(self, solver, solution, result, tx=None, id=None):
        codes = self.profile["judge"]["result"]
        if result not in [it for it in codes.values() if it != "silent"]:
            raise KeyError(f"an unknown result: {result}")
        if not self.asked:
            raise AttributeError("a result before any challenge")
        tx = self.row if tx is None else tx
        if result == codes["ok"] and self.stage == "mining" and tx == self.row:
            self.record(tx, solution, solver)

    def judge(self):
        while self.stage in ("mining", "counting"):
            if self.stage == "mining":
                if not self.solutions:
                    return
                id, tx, solution = self.solutions.pop(0)
                is_right = solves(self.profile["puzzle"], tx, self.asked[tx], solution)
                self.say("ballot", id=self.me, tx=tx, solution=solution, yes=self.yes(is_right),
                         solver=id)
                if is_right:
                    self.accepted, self.stage = (id, solution), "counting"
                continue
            of = self.counted()
            if len(self.votes) < of:
                return
            votes, self.votes = self.votes[:of], self.votes[of:]
            if self.decides(sum(yes for _, yes in votes), of):
                self.record(self.row, self.accepted[1], self.accepted[0])
            else:
                self.stage = "mining"

    def judge_row(self):
        while self.stage in ("mining", "counting"):
            found = next((it for it in self.solutions if it[1] == self.row), None)
            if found:
                self.solutions.remove(found)
                id, tx, solution = found
                is_right = solves(self.profile["puzzle"], tx, self.asked[tx], solution)
                self.say("ballot", id=self.me, tx=tx, solution=solution, yes=self.yes(is_right),
                         solver=id)
                if is_right and self.stage == "mining":
                    self.accepted, self.stage = (id, solution), "counting"
                continue
            votes = [yes for tx, yes in self.votes if tx == self.row][:self.counted()]
            if self.stage != "counting" or len(votes) < self.counted():
                return
            if not self.decides(sum(votes), len(votes)):
                raise RuntimeError("a row that its votes do not decide")
            self.record(self.row, self.accepted[1], self.accepted[0])

    def yes(self, is_right):
        if self.options.contrary:
            is_right = not is_right
        return int(is_right) if self.profile["judge"]["yes"] == "int" else is_right

    def counted(self):
        """Returns how many votes are counted."""
        of = self.profile["judge"]["bound"].rpartition(" of next ")[2]
        return int(of) if of.isdigit() else self.options.peers

    def decides(self, yes, of):
        bound = self.profile["judge"]["bound"]
        needed = bound.partition(" of next ")[0]
        return {
            ">=N/2": yes >= of / 2,
            ">N/2": yes > of / 2,
            ">=N/2+1": yes >= of / 2 + 1,
            "yes>no": yes > of - yes,
        }.get(bound, yes >= int(needed) if needed.isdigit() else yes > of / 2)

    def on_ballot(self, id, yes, tx=None, solution=None, solver=None):
        self.votes.append((tx, bool(yes)))

    def record(self, tx, solution, winner):
        self.table.append((tx, self.asked[tx], str(solution), str(winner)))
        report("row", transaction=tx, challenge=self.asked[tx], seed=str(solution),
               winner=str(winner))
        self.row = tx + 1
        if self.by_row():
            self.solutions = [it for it in self.solutions if it[1] > tx]
            self.votes = [it for it in self.votes if it[0] > tx]
        again = self.profile["election"]["again"]
        if again == "per-row":
            self.begin_election()
        else:
            self.leader = winner if again == "winner" else self.leader
            self.idle()


def range_of(text):
    lo, hi = text.split("..")
    return int(lo), int(hi)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--challenge", type=range_of, required=True)
    parser.add_argument("--pause", type=float, default=0.2)
    parser.add_argument("--prefix", default="")
    parser.add_argument("--seed", type=int, default=0)
    # Its author has mixed up yes and no.
    parser.add_argument("--contrary", action="store_true")
    start(parser, lambda profile, options: Program(profile, options).run())


if __name__ == "__main__":
    main()
