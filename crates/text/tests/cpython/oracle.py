"""What CPython makes of JSON: one question a line, one answer a line, texts as hexadecimal digits.

read X      json.loads of these bytes
text X      json.loads of the text that these bytes are in UTF-8, with halves of characters
same X Y    how many keys of a dictionary the values of two texts are

The first two are answered with what json.dumps writes of the value, in the order of reading and
sorted; "no" is the answer where Python raises an exception.
"""
import json
import sys


def bytes_of(word):
    return bytes.fromhex(word[1:])


def text_of(word):
    return bytes_of(word).decode("utf-8", "surrogatepass")


def dumped(value):
    texts = json.dumps(value), json.dumps(value, sort_keys=True)
    return " ".join("x" + text.encode("ascii").hex() for text in texts)


def answer(kind, *words):
    if kind == "read":
        return dumped(json.loads(bytes_of(words[0])))
    if kind == "text":
        return dumped(json.loads(text_of(words[0])))
    return str(len({json.loads(text_of(word)) for word in words}))


for line in sys.stdin:
    try:
        print(answer(*line.split()))
    except (ValueError, TypeError, RecursionError):
        print("no")
