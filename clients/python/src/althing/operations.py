"""Each operation of the API as a method.

Generated from docs/openapi.json by `cargo xtask python`.
"""

import urllib.parse


def _part(value):
    return urllib.parse.quote(str(value), safe="")


class Operations:
    """What can be asked. How it is sent is for the class that inherits this one."""

    def get_node(self):
        """What runs in this process.

        Returns Node.
        """
        return self._asked("GET", "/v1/node")

    def list_peers(self):
        """How things stand with each peer of this process.

        Returns Peers.
        """
        return self._asked("GET", "/v1/peers")

    def get_peer(self, peer):
        """How things stand with a peer.

        peer: The peer, as it is named in the records; in a demo also its number.
        Returns PeerStatus.
        """
        return self._asked("GET", f"/v1/peers/{_part(peer)}")

    def get_status(self, peer=None):
        """How things stand with a peer; with the first if none is named, the only one outside
        of demos.

        peer: Which peer is asked, by its name in the records or, in a demo, its number; the
        first if none is named.
        Returns PeerStatus.
        """
        return self._asked("GET", "/v1/status", query={"peer": peer})

    def list_rows(self, from_=None, limit=None, peer=None):
        """Rows of the table, in networks with rounds.

        from_: The first: the transaction of a row, or the height of a block.
        limit: How many at most; 100 if it is not given.
        peer: Which peer is asked, by its name in the records or, in a demo, its number; the
        first if none is named.
        Returns PageOfRow.
        """
        return self._asked("GET", "/v1/rows", query={"from": from_, "limit": limit, "peer": peer})

    def get_certificate(self, row, peer=None):
        """What decided a row: the signed votes of its members.

        row: The transaction of the row.
        peer: Which peer is asked, by its name in the records or, in a demo, its number; the
        first if none is named.
        Returns Certificate.
        """
        return self._asked("GET", f"/v1/rows/{_part(row)}/certificate", query={"peer": peer})

    def list_blocks(self, from_=None, limit=None, peer=None):
        """Blocks of the best chain, in networks with a chain.

        from_: The first: the transaction of a row, or the height of a block.
        limit: How many at most; 100 if it is not given.
        peer: Which peer is asked, by its name in the records or, in a demo, its number; the
        first if none is named.
        Returns PageOfBlock.
        """
        return self._asked("GET", "/v1/blocks", query={"from": from_, "limit": limit, "peer": peer})

    def get_block(self, height, peer=None):
        """A block of the best chain.

        height: The height of the block.
        peer: Which peer is asked, by its name in the records or, in a demo, its number; the
        first if none is named.
        Returns Block.
        """
        return self._asked("GET", f"/v1/blocks/{_part(height)}", query={"peer": peer})

    def get_proof(self, height, place, peer=None):
        """What shows that an entry is in a block: the header with a Merkle path, or the block.

        height: The height of the block.
        place: The place of the entry in the block, from 0 on.
        peer: Which peer is asked, by its name in the records or, in a demo, its number; the
        first if none is named.
        Returns EntryProof.
        """
        return self._asked("GET",
                           f"/v1/blocks/{_part(height)}/entries/{_part(place)}/proof",
                           query={"peer": peer})

    def list_entries(self, from_=None, limit=None, peer=None):
        """Entries of the best chain, from those of the block at a height on. A page ends with
        a block, so it may have more than were asked for.

        from_: The first: the transaction of a row, or the height of a block.
        limit: How many at most; 100 if it is not given.
        peer: Which peer is asked, by its name in the records or, in a demo, its number; the
        first if none is named.
        Returns PageOfEntry.
        """
        return self._asked("GET",
                           "/v1/entries",
                           query={"from": from_, "limit": limit, "peer": peer})

    def add_entry(self, body, peer=None):
        """Gets an entry into the chain, and waits until it is there: for as long as it takes
        to mine the blocks that make it hard to undo.

        peer: Which peer is asked, by its name in the records or, in a demo, its number; the
        first if none is named.
        body: NewEntry, as in docs/openapi.json.
        Returns Submitted.
        """
        return self._asked("POST", "/v1/entries", query={"peer": peer}, body=body, waits=True)

    def get_charter(self, peer=None):
        """What the members of an assembly have agreed on, as a document.

        peer: Which peer is asked, by its name in the records or, in a demo, its number; the
        first if none is named.
        Returns Charter.
        """
        return self._asked("GET", "/v1/charter", query={"peer": peer})

    def list_ballots(self, from_=None, limit=None, peer=None):
        """Ballots in the chain, in networks that hold ballots, from those of the block at a
        height on. A page ends with a block.

        from_: The first: the transaction of a row, or the height of a block.
        limit: How many at most; 100 if it is not given.
        peer: Which peer is asked, by its name in the records or, in a demo, its number; the
        first if none is named.
        Returns PageOfBallot.
        """
        return self._asked("GET",
                           "/v1/ballots",
                           query={"from": from_, "limit": limit, "peer": peer})

    def get_tally(self, peer=None):
        """The ballots in the chain, counted, in networks that hold ballots.

        peer: Which peer is asked, by its name in the records or, in a demo, its number; the
        first if none is named.
        Returns Tally.
        """
        return self._asked("GET", "/v1/tally", query={"peer": peer})

    def what_if(self, body, peer=None):
        """Which blocks would no longer be valid if one byte of a block were another. Nothing
        is changed.

        peer: Which peer is asked, by its name in the records or, in a demo, its number; the
        first if none is named.
        body: Edit, as in docs/openapi.json.
        Returns Effect.
        """
        return self._asked("POST", "/v1/what-if", query={"peer": peer}, body=body)

    def follow_events(self, from_=None):
        """What happens, from a record on and then live: server-sent events whose data are
        records, or lines of JSON where the request accepts application/x-ndjson. A reader
        that is too slow is told how many it has missed.

        from_: The number of the first record; without it, the next.
        Yields Record by Record.
        """
        return self._followed("/v1/events", {"from": from_})

    def get_demo(self):
        """How the network of a demo stands.

        Returns Demo.
        """
        return self._asked("GET", "/v1/demo")

    def act(self, body):
        """Does something to the network of a demo.

        body: Action, as in docs/openapi.json.
        Returns Done.
        """
        return self._asked("POST", "/v1/demo/actions", body=body)

    def undo(self, id):
        """Undoes a fault of the network of a demo.

        id: The number of the fault.
        Returns Done.
        """
        return self._asked("DELETE", f"/v1/demo/faults/{_part(id)}")

    def get_metrics(self):
        """Numbers for Prometheus, which docs/metrics.md describes.

        """
        return self._asked("GET", "/metrics")

    def is_alive(self):
        """Whether each peer of the process runs. With status 503 it says what to do.

        Returns Health.
        """
        return self._asked("GET", "/healthz")

    def is_ready(self):
        """Whether each peer of the process can do what it is for. With status 503 it says what
        to do.

        Returns Health.
        """
        return self._asked("GET", "/readyz")
