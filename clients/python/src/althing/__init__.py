"""A peer of an Althing network with a chain, with the functions of the CS60 page.

See README.md beside this package.
"""

from .control import ControlError, ask
from .peer import Peer

__all__ = ["ControlError", "Peer", "ask"]
