"""A program as people write it for a network over MQTT that a profile describes.

It knows what its profile says and nothing else. What its author did not think of ends it, as it
ends theirs: bytes that are no JSON, a field that is missing or has another type, a row that it does
not have, a member too many. It reports what it does as lines of JSON.
"""

import argparse
import heapq
import itertools
import json
import random
import sys
import time
import uuid

from mqtt_client import Client
from puzzle import candidates, solves

KINDS = ["init", "vote", "challenge", "solution", "result", "ballot"]


def report(event, **values):
    print(json.dumps({"event": event, **values}), flush=True)


def seconds(value):
    """Returns how many seconds "at once", "operator" or a number are."""
    return {"at once": 0, "operator": 0.5}.get(value, value)


class Program:
    def __init__(self, profile, options):
        self.profile, self.options = profile, options
        self.chance = random.Random(options.seed)
        self.client = Client(options.port, profile["wire"]["qos"])
        self.prefix = options.prefix + profile["topics"]["prefix"]
        self.me = self.new_id()
        self.plans, self.planned = [], itertools.count()
        self.stage = "joining"
        self.ids, self.draws, self.leader, self.drawn = [], [], None, None
        self.first = profile["leader"]["first_tx"]
        self.row, self.asked, self.table = self.first, {}, []
        self.solutions, self.votes, self.accepted = [], [], None
        self.early = []

    # What a profile says of messages.

    def new_id(self):
        ids = self.profile["id"]
        if ids["kind"] == "uuid":
            return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        if ids["kind"] == "time-ns":
            return time.time_ns()
        number = self.chance.randint(ids["lo"], ids["hi"])
        return {"int": number, "int-text": str(number), "hex-text": hex(number)}[ids["kind"]]

    def topic(self, kind, solver=""):
        name = self.profile["topics"][kind]
        return self.prefix + name.replace("{solver}", str(solver))

    def say(self, kind, **values):
        said = {}
        for role, name, *constant in self.profile["fields"][kind]:
            said[name] = constant[0] if role == "const" else values[role]
        retain = kind in self.profile["wire"]["retain"]
        self.client.publish(self.topic(kind, values.get("solver")), json.dumps(said), retain)

    def read(self, kind, payload):
        said = json.loads(payload)
        fields = self.profile["fields"][kind]
        if self.profile["fields"]["strict_keys"] and set(said) != {it[1] for it in fields}:
            raise KeyError(f"other keys than ours: {sorted(said)}")
        return {role: said[name] for role, name, *rest in fields if role != "const"}

    # Time.

    def plan(self, after, action):
        heapq.heappush(self.plans, (time.monotonic() + after, next(self.planned), action))

    def run(self):
        kinds = [kind for kind in KINDS if self.profile["fields"][kind]]
        # Results that go to the topic of a solver are there for all to hear.
        topics = {self.topic(kind, "+"): kind for kind in kinds}
        self.client.subscribe(list(topics))
        report("started", id=str(self.me))
        # People start their programs together: who says an id once must be heard by all.
        sys.stdin.readline()
        self.begin()
        # Until it is ended from outside: what comes after its last row must not end it either.
        while True:
            due = self.plans[0][0] - time.monotonic() if self.plans else 60
            for topic, payload in self.client.messages(due):
                kind = topics.get(topic) or topics[self.topic("result", "+")]
                getattr(self, f"on_{kind}")(**self.read(kind, payload))
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
        if self.stage in ("electing", "idle") and not self.asked:
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
        if not (self.repeats_votes() and any(it[0] == id for it in self.draws)):
            self.draws.append((id, vote))

    def winner(self, draws):
        rules = self.profile["election"]
        as_text = rules["compare"] == "text"
        key = str if as_text else lambda it: it
        tie = {
            "max-id": lambda place, id: key(id),
            "min-id": lambda place, id: -id,
            "first": lambda place, id: -place,
            "max-text": lambda place, id: str(id),
        }[rules["tie"]]
        if rules["rule"] == "max":
            best = max(enumerate(draws), key=lambda it: (key(it[1][1]), tie(it[0], it[1][0])))
            return best[1][0]
        named = [vote for _, vote in draws]
        if rules["rule"] == "plurality":
            return max(named, key=lambda id: (named.count(id), tie(named.index(id), id)))
        if rules["rule"] == "largest-target":
            return max(named, key=key)
        return sorted(id for id, _ in draws)[sum(named) % len(named)]

    # Rows.

    def go_on(self):
        size = self.options.peers
        if self.stage == "joining" and len(self.ids) >= size:
            self.begin_election()
        if self.stage == "electing" and len(self.draws) >= size:
            draws, self.draws = self.draws[:size], self.draws[size:]
            self.leader = self.winner(draws)
            report("elected", leader=str(self.leader))
            self.idle()
            for challenge in self.early:
                self.on_challenge(**challenge)
        if self.profile["judge"]["by"] == "all":
            self.judge()

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
            self.plan(self.chance.uniform(0.02, 0.2), lambda: self.answer(tx))

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
                self.say("ballot", id=self.me, tx=tx, solution=solution, yes=is_right, solver=id)
                if is_right:
                    self.accepted, self.stage = (id, solution), "counting"
                continue
            size = self.options.peers
            if len(self.votes) < size:
                return
            votes, self.votes = self.votes[:size], self.votes[size:]
            if sum(votes) > size / 2:
                self.record(self.row, self.accepted[1], self.accepted[0])
            else:
                self.stage = "mining"

    def on_ballot(self, id, yes, tx=None, solution=None, solver=None):
        self.votes.append(bool(yes))

    def record(self, tx, solution, winner):
        self.table.append((tx, self.asked[tx], str(solution), str(winner)))
        report("row", transaction=tx, challenge=self.asked[tx], seed=str(solution),
               winner=str(winner))
        self.row = tx + 1
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
    parser.add_argument("profile")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--peers", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--challenge", type=range_of, required=True)
    parser.add_argument("--pause", type=float, default=0.2)
    parser.add_argument("--prefix", default="")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with open(options.profile, encoding="utf-8") as file:
        profile = json.load(file)
    try:
        Program(profile, options).run()
    except Exception as error:
        report("ended", reason=f"{type(error).__name__}: {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
