"""What a program of a cs60 network makes of a block, written from the description of the protocol.

The question is the text of a block as hexadecimal digits, and the zeros that all blocks need. The
answer is its JSON as it is hashed, the zeros it needs, and the same text for each voter that is one
and the same; "no" stands where Python raises an exception, which ends the program.
"""
import json
import sys


def attempt(work):
    try:
        return work()
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return "no"


def block_of(text):
    fields = json.loads(text)
    return {name: fields[name] for name in ("_data", "_index", "_nonce", "_prev_hash")}


def voter_of(datum):
    voter = json.loads(datum)["voter"]
    hash(voter)
    # Equal numbers are one voter, whatever their type.
    if isinstance(voter, float) and voter.is_integer():
        voter = int(voter)
    if isinstance(voter, bool):
        voter = int(voter)
    return "v" + json.dumps(voter).encode("ascii").hex()


for line in sys.stdin:
    word, least = line.split()
    text = bytes.fromhex(word[1:]).decode("utf-8", "surrogatepass")
    block = attempt(lambda: block_of(text))
    if block == "no":
        print("no no no")
        continue
    dumped = "x" + json.dumps(block, sort_keys=True).encode("ascii").hex()
    zeros = attempt(lambda: str(int(least) + int(block["_index"] ** (1.0 / 3))))
    voter = attempt(lambda: voter_of(block["_data"]))
    print(dumped, zeros, voter)
