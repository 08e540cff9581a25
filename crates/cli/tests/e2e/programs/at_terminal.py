"""Runs a program at a terminal of its own, until its screen shows a text; then presses q.

Usage: at_terminal.py TEXT PROGRAM ARGUMENTS...   TEXT is a regular expression.

What it found is the only line that it prints, and the exit code is that of the program.
"""

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios


def main():
    wanted, *command = sys.argv[1:]
    outside, inside = os.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 120, 0, 0))
    environment = {**os.environ, "TERM": "xterm"}
    program = subprocess.Popen(command, stdin=inside, stdout=inside, stderr=inside,
                               start_new_session=True, env=environment)
    os.close(inside)
    shown, found = b"", None
    while True:
        try:
            piece = os.read(outside, 4096)
        except OSError:
            # The program has ended, and its terminal with it.
            break
        shown += piece
        if found is None and (found := re.search(wanted.encode(), shown)):
            os.write(outside, b"q")
    if found is None:
        sys.exit(f"{wanted} is not in {shown!r}")
    print(found[0].decode())
    sys.exit(program.wait())


main()
