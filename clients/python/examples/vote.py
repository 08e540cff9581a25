"""Casts a vote, and shows the tally: vote.py DIRECTORY TRACKER VOTER CHOICE"""

import collections
import json
import random
import sys
import time

import althing

directory, tracker, voter, choice = sys.argv[1:]
with althing.Peer(directory, tracker=tracker) as peer:
    vote = json.dumps({"voter": voter, "choice": choice})
    while (added := peer.add_data(vote)) == 0:
        time.sleep(random.random() * 2)
    print("added" if added == 1 else "Invalid/duplicate Vote!")
    votes = [json.loads(datum) for datum in peer.get_data()]
    print(dict(collections.Counter(vote["choice"] for vote in votes)))
