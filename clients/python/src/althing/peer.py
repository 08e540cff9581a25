"""A peer, with the functions of the CS60 page."""

import os
import subprocess
import time

from .api import ApiError, Client, NotRunning

SUCCESS, RETRY, INVALID = 1, 0, -1

# How often the chain is read again if blocks of it are replaced meanwhile.
ATTEMPTS_MAX = 16

# How often it is looked whether a peer is there and has met its network, in seconds.
LOOK_EVERY = 0.05


class Peer:
    """A peer of a network with a chain: one that runs in a directory, or one that is started there.

    program    how to call Althing
    directory  what `althing peer --data` is given
    tracker    where the tracker is, as host:port
    dialect    cs60 or open
    data_crit  a rule of the caller's own: is handed a list of data, and says whether it is valid
    options    further options of `althing peer`
    patience   how many seconds the peer has to meet its network
    """

    def __init__(self, directory, tracker=None, dialect="cs60", data_crit=None, options=(),
                 program=None, patience=20.0):
        self.directory = os.fspath(directory)
        self._client = Client(self.directory)
        self.data_crit = data_crit
        self.patience = patience
        # Whether another peer has the block of the last datum that was added.
        self.is_held = None
        # Why the last datum was not added.
        self.reason = None
        program = program or os.environ.get("ALTHING", "althing")
        self._command = [program, "peer", "--dialect", dialect, "--data", self.directory, *options]
        if tracker is not None:
            self._command += ["--tracker", tracker]
        if data_crit is not None and dialect == "cs60":
            self._command += ["--entries", "texts"]
        self._process = None

    def connect(self):
        """Finds the peer in the directory, or starts one, and waits until it has met its network."""
        if self._status() is None:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL,
                                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        deadline = time.monotonic() + self.patience
        while True:
            status = self._status()
            if status is not None and status.get("joined"):
                return
            if self._process is not None and self._process.poll() is not None:
                message = self._process.stderr.read().decode(errors="replace").strip()
                self._close()
                raise ApiError(f"the peer could not start: {message}")
            if time.monotonic() > deadline:
                self.disconnect()
                raise ApiError(f"the network was not met within {self.patience} s")
            time.sleep(LOOK_EVERY)

    def disconnect(self):
        """Ends the peer, if it was started here; it says so to the tracker."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._close()

    def get_data(self):
        """Returns the data in the chain, without what the caller's rule refuses."""
        accepted = []
        for text in self._asked(self._texts):
            if self._accepts(accepted, text):
                accepted.append(text)
        return accepted

    def add_data(self, data):
        """Tries to add a datum: returns 1 on success, 0 on retry, -1 on invalid data."""
        self.is_held = self.reason = None
        if self.data_crit is not None and not self._accepts(self.get_data(), data):
            self.reason = "the rule of this program refuses it"
            return INVALID
        answer = self._asked(lambda: self._client.add(data, once=True, as_written=True))
        if answer["answer"] == "added":
            self.is_held = answer["held"]
            return SUCCESS
        if answer["answer"] == "overtaken":
            self.reason = "another peer's block came first"
            return RETRY
        self.reason = answer.get("reason")
        return INVALID

    def __enter__(self):
        self.connect()
        return self

    def __exit__(self, *_):
        self.disconnect()

    def _accepts(self, before, datum):
        return self.data_crit is None or bool(self.data_crit(before + [datum]))

    def _asked(self, ask):
        try:
            return ask()
        except NotRunning as error:
            raise NotRunning(f"no peer runs in {self.directory}; connect() first") from error

    def _texts(self):
        """Returns the texts in the chain as it is at one moment.

        Blocks may be replaced while they are read page by page; then they are read again.
        """
        for _ in range(ATTEMPTS_MAX):
            texts, last = [], None
            for block in self._client.blocks():
                if last not in (None, block["previous"]):
                    break
                last = block["hash"]
                texts.extend(entry["text"] for entry in block["entries"])
            else:
                return texts
        raise ApiError("the peer's chain is replaced faster than it can be read; try again")

    def _status(self):
        """Returns the status of the peer; None if there is none, or no longer."""
        try:
            return self._client.status()
        except (ApiError, OSError):
            return None

    def _close(self):
        self._process.stderr.close()
        self._process = None

