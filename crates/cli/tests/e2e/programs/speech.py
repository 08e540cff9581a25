"""What the program of a profile says and reads: fields, topics, signatures."""

import json


class Speech:
    """The messages of one program. `who` knows who its leader is, for those without a sender."""

    def __init__(self, profile, prefix, client):
        self.profile, self.client = profile, client
        self.prefix = prefix + profile["topics"]["prefix"]
        self.signing = None
        if profile["sign"]["alg"] != "none":
            # Only programs that sign need what it takes.
            from signing import Signing

            self.signing = Signing(profile["sign"], profile["fields"])

    def kinds(self):
        return [kind for kind, fields in self.profile["fields"].items()
                if isinstance(fields, list) and fields]

    def topic(self, kind, solver=""):
        name = self.profile["topics"][kind]
        return self.prefix + name.replace("{solver}", str(solver))

    def listen(self):
        # Results that go to the topic of a solver are there for all to hear.
        self.topics = {self.topic(kind, "+"): kind for kind in self.kinds()}
        self.client.subscribe(list(self.topics))

    def kind_of(self, topic):
        return self.topics.get(topic) or self.topics[self.topic("result", "+")]

    def say(self, kind, **values):
        said = {}
        for role, name, *constant in self.profile["fields"][kind]:
            if role != "sign":
                said[name] = constant[0] if role == "const" else values[role]
        if self.signing and self.signing.signs(kind):
            said[self.name_of(kind, "sign")] = self.signing.sign(kind, said)
        retain = kind in self.profile["wire"]["retain"]
        self.client.publish(self.topic(kind, values.get("solver")), json.dumps(said), retain)

    def read(self, kind, payload, leader):
        """Returns what a message says, by role; None if its signature is not its sender's."""
        said = json.loads(payload)
        fields = self.profile["fields"][kind]
        if self.profile["fields"]["strict_keys"] and set(said) != {it[1] for it in fields}:
            raise KeyError(f"other keys than ours: {sorted(said)}")
        values = {role: said[name] for role, name, *rest in fields if role not in ("const", "sign")}
        if self.signing and self.signing.signs(kind):
            sign = said.pop(self.name_of(kind, "sign"))
            if not self.signing.is_authentic(kind, said, sign, values.get("id", leader)):
                return None
        return values

    def name_of(self, kind, role):
        return next(it[1] for it in self.profile["fields"][kind] if it[0] == role)
