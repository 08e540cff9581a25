"""Whom draws make the leader, as a profile has it."""


def elected(rules, draws):
    """Returns the leader, of draws each with its sender."""
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
