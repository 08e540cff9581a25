"""What solves a challenge in a network that a profile describes."""

import hashlib
import itertools
import string

ALPHABETS = {
    "alnum": string.ascii_letters + string.digits,
    "letters": string.ascii_letters,
    "lower": string.ascii_lowercase,
    "upper": string.ascii_uppercase,
    "digits": string.digits,
    "hex": "0123456789abcdef",
    "printable": string.ascii_letters + string.punctuation + string.digits,
}


def solves(rules, transaction, d, solution):
    """Returns whether a solution solves the challenge d of a row."""
    as_bytes = {
        "utf8": lambda: str(solution).encode(),
        "int-be-minimal": lambda: int(solution).to_bytes(
            (int(solution).bit_length() + 7) // 8, "big"),
        "int-le-8": lambda: int(solution).to_bytes(8, "little"),
    }[rules["bytes"]]()
    before = {
        "{solution}": "",
        "{tx}:{solution}": f"{transaction}:",
        "{tx}:{d}:{solution}": f"{transaction}:{d}:",
    }[rules["input"]]
    digest = hashlib.sha1(before.encode() + as_bytes).hexdigest()
    need = d if rules["need"] == "d" else max(1, d // 4)
    if rules["zeros"] == "hex":
        counted = digest
    else:
        counted = bin(int(digest, 16))[2:]
        counted = counted[1:] if rules["zeros"] == "after-first-one" else counted.zfill(160)
    zeros = len(counted) - len(counted.lstrip("0"))
    return zeros == need if rules["exact"] else zeros >= need


def candidates(rules, transaction, d, me, chance):
    """Returns one candidate after the other, beginning anywhere."""
    shape = rules["candidate"]
    numbers = itertools.count(chance.randrange(1 << 31))
    if "*" in shape or shape == "random64":
        name, length = shape.split("*") if "*" in shape else ("alnum", "64")
        alphabet = ALPHABETS[name]
        lengths = [int(it) for it in length.split("..")]
        while True:
            count = chance.randint(lengths[0], lengths[-1])
            yield "".join(chance.choice(alphabet) for _ in range(count))
    for number in numbers:
        text = shape.replace("{tx}", str(transaction)).replace("{d}", str(d))
        text = text.replace("{id}", str(me)).replace("{n}", str(number))
        while "{rand}" in text:
            text = text.replace("{rand}", str(chance.randrange(10**8)), 1)
        yield int(text) if rules["type"] == "int" else text
