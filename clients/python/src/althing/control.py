"""The control socket of a running peer: one line of JSON there, and one back."""

import json
import os
import socket


class ControlError(Exception):
    """A peer cannot be asked, or cannot answer."""


def ask(directory, request, **fields):
    """Returns the answer of the peer that runs in a directory; None if no peer runs there."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            _connect(connection, os.fspath(directory))
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        connection.sendall(json.dumps({"request": request, **fields}).encode() + b"\n")
        with connection.makefile("rb") as answers:
            line = answers.readline()
    if not line:
        raise ControlError(f"the peer in {directory} has left without an answer")
    answer = json.loads(line)
    if "error" in answer:
        raise ControlError(f"the peer in {directory} cannot answer: {answer['error']}")
    return answer


def _connect(connection, directory):
    """Connects by way of the open directory, since the path of a socket may have few bytes."""
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        through = f"/proc/self/fd/{opened}"
        base = through if os.path.isdir(through) else directory
        connection.connect(os.path.join(base, "control.sock"))
    finally:
        os.close(opened)
