"""The HTTP API of a running peer, at the socket in its directory or at a URL.

What is asked and answered is described in docs/openapi.json; every call returns the JSON of the
answer as Python has it.
"""

import http.client
import json
import os
import socket
import urllib.parse

from .operations import Operations

# How long a peer that was reached has to answer what it need not wait for, in seconds.
PATIENCE = 30.0


class ApiError(Exception):
    """A peer cannot be asked, or has refused. `code` says why, where the peer did."""

    def __init__(self, message, code=None):
        super().__init__(message)
        self.code = code


class NotRunning(ApiError):
    """No peer runs there."""


class Client(Operations):
    """Asks the peers of one process: whatever the API has, and long lists item by item.

    directory  what `althing peer --data` was given
    url        instead of that, where the API is served, as in http://127.0.0.1:8080
    token      for a URL that takes one
    """

    def __init__(self, directory=None, url=None, token=None):
        if (directory is None) == (url is None):
            raise ValueError("name a directory or a url")
        self._directory = None if directory is None else os.fspath(directory)
        self._url = None if url is None else urllib.parse.urlsplit(url)
        self._token = token
        self.place = self._directory or url

    def node(self):
        """Returns what runs there."""
        return self.get_node()

    def status(self):
        """Returns how things stand with the first peer there."""
        return self.get_status()

    def rows(self, start=0):
        """Yields the rows of the table, in a network with rounds."""
        return self._items(self.list_rows, start)

    def blocks(self, start=0):
        """Yields the blocks of the chain from a height on."""
        return self._items(self.list_blocks, start)

    def entries(self, start=0):
        """Yields the entries of the chain from a height on."""
        return self._items(self.list_entries, start)

    def ballots(self, start=0):
        """Yields the ballots in the chain from a height on, in a network that holds ballots."""
        return self._items(self.list_ballots, start)

    def add(self, text, confirmations=None, once=False, as_written=False):
        """Gets an entry into the chain, and returns what has become of it.

        A ballot whose voter or choice looks like one in the chain is not added: the answer is
        `doubted`, with the reason, unless it is meant `as_written`.
        """
        entry = {"text": text, "once": once, "as_written": as_written}
        if confirmations is not None:
            entry["confirmations"] = confirmations
        return self.add_entry(entry)

    def events(self, start=None):
        """Yields what happens, from a record on or from now on, until the process ends."""
        return self.follow_events(from_=start)

    def ask(self, method, path, body=None, patience=PATIENCE):
        """Returns the answer to a request: JSON as Python has it, or else a text."""
        connection = self._connection(patience)
        try:
            answer = self._send(connection, method, path, body, "application/json")
            text = answer.read()
            is_json = "json" in (answer.getheader("Content-Type") or "")
            # A process that is not ready answers what others answer with 200.
            if answer.status not in (200, 503):
                raise self._refused(answer.status, text)
            body = json.loads(text) if is_json else text.decode()
            if answer.status == 503 and "code" in body:
                raise self._refused(answer.status, text)
            return body
        except (http.client.HTTPException, ConnectionError, json.JSONDecodeError) as error:
            raise ApiError(f"the peer at {self.place} has left without an answer") from error
        finally:
            connection.close()

    def _asked(self, method, path, query=None, body=None, waits=False):
        """Carries out one of the operations."""
        patience = None if waits else PATIENCE
        return self.ask(method, _with_query(path, query), body, patience)

    def _followed(self, path, query):
        """Yields the lines of an answer that goes on."""
        connection = self._connection(None)
        try:
            path = _with_query(path, query)
            answer = self._send(connection, "GET", path, None, "application/x-ndjson")
            if answer.status != 200:
                raise self._refused(answer.status, answer.read())
            for line in answer:
                # An empty line only says that the connection is still good.
                if line.strip():
                    yield json.loads(line)
        finally:
            connection.close()

    def _items(self, listed, start):
        following = start
        while following is not None:
            page = listed(from_=int(following), limit=1000)
            yield from page["items"]
            following = page["next"]

    def _connection(self, patience):
        if self._directory is not None:
            return _Local(self._directory, patience)
        kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        kind = kinds.get(self._url.scheme)
        if kind is None:
            raise ValueError(f"{self.place} is not the address of an API")
        return kind(self._url.hostname, self._url.port, timeout=patience)

    def _send(self, connection, method, path, body, accept):
        headers = {"Accept": accept}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        try:
            connection.connect()
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NotRunning(f"no peer runs in {self.place}") from error
        connection.request(method, path, body, headers)
        return connection.getresponse()

    def _refused(self, status, text):
        try:
            problem = json.loads(text)
            reason, code = problem["detail"], problem["code"]
        except (ValueError, KeyError):
            reason, code = f"status {status}", None
        return ApiError(f"the peer at {self.place} cannot answer: {reason}", code)


def _with_query(path, query):
    given = {name: value for name, value in (query or {}).items() if value is not None}
    return f"{path}?{urllib.parse.urlencode(given)}" if given else path


class _Local(http.client.HTTPConnection):
    """A connection to the socket in a peer's directory."""

    def __init__(self, directory, patience):
        super().__init__("localhost", timeout=patience)
        self._directory = directory

    def connect(self):
        """Connects by way of the open directory, since the path of a socket may have few bytes."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        opened = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            through = f"/proc/self/fd/{opened}"
            base = through if os.path.isdir(through) else self._directory
            self.sock.connect(os.path.join(base, "control.sock"))
        except OSError:
            self.close()
            raise
        finally:
            os.close(opened)
