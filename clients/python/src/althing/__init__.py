"""A peer of an Althing network with a chain, with the functions of the CS60 page, and the API of
any peer that runs.

See README.md beside this package.
"""

from .api import ApiError, Client, NotRunning
from .peer import Peer

__all__ = ["ApiError", "Client", "NotRunning", "Peer"]
