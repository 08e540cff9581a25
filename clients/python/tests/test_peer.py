"""Peers that are started and asked from Python. ALTHING names the program."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE / "src"))

import althing  # noqa: E402  (its place is set above)

PROGRAM = os.environ.get("ALTHING", "althing")
# As easy as can be, and quick to ask.
OPTIONS = ["--difficulty", "1", "--stats-every", "100ms"]


def ballot(voter, choice="yes"):
    return json.dumps({"voter": voter, "choice": choice})


def no_voter_twice(data):
    voters = [datum.split(":")[0] for datum in data]
    return len(voters) == len(set(voters))


class Chains:
    """A client whose chain is replaced while it is read."""

    def __init__(self, *chains):
        self.chains = iter(chains)

    def blocks(self):
        for block, previous, text in next(self.chains):
            yield {"hash": block, "previous": previous, "entries": [{"text": text}]}


class Reading(unittest.TestCase):
    def test_data_are_of_one_chain(self):
        peer = althing.Peer("nowhere")
        one, other = ("a", None, "ann"), ("b", None, "bob")
        on_one, on_other = ("c", "a", "cid"), ("d", "b", "dan")
        peer._client = Chains([one, on_other], [other, on_one], [other, on_other])
        self.assertEqual(peer.get_data(), ["bob", "dan"])
        peer._client = Chains(*[[one, on_other]] * 16)
        with self.assertRaisesRegex(althing.ApiError, "try again"):
            peer.get_data()


class Peers(unittest.TestCase):
    def setUp(self):
        command = [PROGRAM, "tracker", "--json", "--listen", "127.0.0.1:0"]
        self.tracker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end_tracker)
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.place = None
        while self.place is None:
            self.place = json.loads(self.tracker.stdout.readline()).get("address")

    def end_tracker(self):
        self.tracker.terminate()
        self.tracker.wait()
        self.tracker.stdout.close()

    def peer(self, name, **more):
        directory = os.path.join(self.directory.name, name)
        peer = althing.Peer(directory, tracker=self.place, options=OPTIONS, program=PROGRAM, **more)
        self.addCleanup(peer.disconnect)
        return peer

    def add(self, peer, data):
        """Tries until it is known what comes of it."""
        while (added := peer.add_data(data)) == 0:
            pass
        return added

    def until(self, is_true):
        """Waits for a condition."""
        deadline = time.monotonic() + 60
        while not is_true():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def test_data_are_added_once_and_seen_by_others(self):
        ann, bob = self.peer("ann"), self.peer("bob")
        ann.connect()
        # Who comes later has all others on its list.
        bob.connect()
        self.assertEqual(self.add(bob, ballot("ann")), 1)
        self.assertTrue(bob.is_held)
        self.assertEqual(self.add(ann, ballot("ann", "no")), -1)
        self.assertIn("has voted before", ann.reason)
        self.assertEqual(self.add(ann, "hello"), -1)
        self.assertEqual(ann.get_data(), [ballot("ann")])
        # A client of the API has to mean a name that looks like another; a program of the page does.
        client = althing.Client(ann.directory)
        doubted = client.add(ballot("Ann"))
        self.assertEqual(doubted["answer"], "doubted")
        self.assertIn("ann", doubted["reason"])
        self.assertEqual(self.add(bob, ballot("Ann")), 1)
        self.assertEqual(client.add(ballot("ANN"), as_written=True)["answer"], "added")

    def test_a_rule_keeps_data_from_being_sent_and_from_being_seen(self):
        lax = self.peer("lax", data_crit=lambda data: True)
        strict = self.peer("strict", data_crit=no_voter_twice)
        lax.connect()
        strict.connect()
        self.assertEqual(self.add(strict, "ann:yes"), 1)
        self.assertTrue(strict.is_held)
        self.assertEqual(self.add(strict, "ann:no"), -1)
        # Another program with another rule sends it, and it is in the chain.
        self.assertEqual(self.add(lax, "ann:no"), 1)
        self.assertEqual(self.add(lax, "bob:no"), 1)
        self.assertEqual(lax.get_data(), ["ann:yes", "ann:no", "bob:no"])
        self.until(lambda: strict.get_data() == ["ann:yes", "bob:no"])
        self.assertEqual(self.add(strict, "cid:yes"), 1)
        self.assertEqual(strict.get_data(), ["ann:yes", "bob:no", "cid:yes"])

    def test_a_peer_that_runs_is_used_and_left_running(self):
        ann = self.peer("ann")
        ann.connect()
        same = self.peer("ann")
        same.connect()
        self.assertEqual(self.add(same, ballot("ann")), 1)
        same.disconnect()
        self.assertEqual(ann.get_data(), [ballot("ann")])
        ann.disconnect()
        with self.assertRaises(althing.ApiError):
            ann.get_data()

    def test_a_running_peer_tells_what_it_is_and_what_happens(self):
        ann, bob = self.peer("ann"), self.peer("bob")
        ann.connect()
        bob.connect()
        self.assertEqual(self.add(ann, ballot("ann")), 1)
        client = althing.Client(ann.directory)
        self.assertEqual(client.node()["network"], "cs60")
        self.assertTrue(client.node()["can"]["tally"])
        self.assertEqual([entry["text"] for entry in client.entries()], [ballot("ann")])
        self.assertEqual(client.status()["blocks"], 1 + len(list(client.blocks())))
        self.assertEqual(client.get_tally()["voters"], 1)
        [cast] = client.ballots()
        self.assertEqual((cast["voter"], cast["choice"]), ("ann", "yes"))
        proof = client.get_proof(cast["height"], 0)
        self.assertEqual(bytes.fromhex(proof["entry"]).decode(), ballot("ann"))
        self.assertEqual(client.get_peer(client.status()["peer"])["network"], "cs60")
        self.assertTrue(client.is_ready()["ok"])
        self.assertIn("althing_height", client.get_metrics())
        records = client.events(0)
        self.assertEqual([next(records)["sequence"] for _ in range(3)], [0, 1, 2])
        records.close()
        with self.assertRaises(althing.ApiError) as refused:
            list(client.rows())
        self.assertEqual(refused.exception.code, "wrong_network")
        with self.assertRaises(althing.NotRunning):
            althing.Client(self.directory.name).status()

    def test_each_operation_of_the_api_is_a_method(self):
        document = json.loads((HERE.parent.parent / "docs" / "openapi.json").read_text())
        methods = [operation for path in document["paths"].values() for operation in path.values()]
        self.assertGreater(len(methods), 15)
        for operation in methods:
            name = re.sub("([A-Z])", r"_\1", operation["operationId"]).lower()
            self.assertTrue(callable(getattr(althing.Client, name, None)), name)

    def test_what_is_wrong_is_said(self):
        wrong = althing.Peer(self.directory.name, options=["--wrong"], program=PROGRAM)
        with self.assertRaisesRegex(althing.ApiError, "--wrong"):
            wrong.connect()

    def test_the_example_votes(self):
        def vote(voter, choice):
            command = [sys.executable, HERE / "examples" / "vote.py"]
            directory = os.path.join(self.directory.name, "voter")
            environment = {**os.environ, "ALTHING": PROGRAM, "PYTHONPATH": str(HERE / "src")}
            return subprocess.run([*command, directory, self.place, voter, choice],
                                  env=environment, check=True, capture_output=True, text=True).stdout

        self.assertEqual(vote("ann", "yes"), "added\n{'yes': 1}\n")
        self.assertEqual(vote("ann", "no"), "Invalid/duplicate Vote!\n{'yes': 1}\n")


if __name__ == "__main__":
    unittest.main()
