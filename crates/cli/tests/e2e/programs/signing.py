"""Signatures as a profile has them, with pycryptodome."""

import binascii
import json

from Crypto.Hash import SHA256
from Crypto.PublicKey import RSA
from Crypto.Signature import pkcs1_15, pss

# Over which field of a message a signature is, where it is over one alone.
PARTS = {"vote": "vote", "challenge": "challenge", "solution": "solution", "result": "result",
         "ballot": "yes", "coordinator": "id"}

BEGIN, END = "-----BEGIN PUBLIC KEY-----\n", "\n-----END PUBLIC KEY-----"


class Signing:
    def __init__(self, rules, fields):
        self.rules, self.fields = rules, fields
        self.secret = RSA.generate(1024)
        self.keys = {}

    def own_key(self):
        key = self.secret.publickey()
        if self.rules["key"] == "openssh":
            return key.export_key("OpenSSH").decode()
        pem = key.export_key("PEM").decode()
        return {
            "pem": pem,
            "pem-hex": pem.encode().hex(),
            "pem-body": pem.removeprefix(BEGIN).removesuffix(END),
        }[self.rules["key"]]

    def learn(self, id, text):
        if self.rules["key"] == "pem-hex":
            text = bytes.fromhex(text).decode()
        if self.rules["key"] == "pem-body":
            text = BEGIN + text + END
        # The first one counts.
        self.keys.setdefault(id, RSA.import_key(text))

    def signs(self, kind):
        return kind in self.rules["messages"]

    def over(self, kind, said):
        """Returns the bytes that are signed of a message without its signature."""
        if self.rules["over"] == "dump-minus-sign":
            return json.dumps(said).encode()
        name = next(it[1] for it in self.fields[kind] if it[0] == PARTS[kind])
        value = said[name]
        if self.rules["over"] == "field-n-zero-bytes" and isinstance(value, int):
            return bytes(value)
        return str(value).encode()

    def scheme(self, key):
        if self.rules["alg"] == "rsa-pkcs1-sha256":
            return pkcs1_15.new(key)
        # The most salt that a key has room for: 94 bytes with one of 1024 bits.
        return pss.new(key, salt_bytes=key.size_in_bytes() - SHA256.digest_size - 2)

    def sign(self, kind, said):
        return self.scheme(self.secret).sign(SHA256.new(self.over(kind, said))).hex()

    def is_authentic(self, kind, said, sign, sender):
        key = self.keys.get(sender)
        if key is None:
            return False
        try:
            self.scheme(key).verify(SHA256.new(self.over(kind, said)), binascii.unhexlify(sign))
            return True
        except ValueError:
            return False
