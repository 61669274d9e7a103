"""How the atlas behaves on the web: what it calls itself, how long and how often it asks.

Here: the values. Not here: keeping to them (`client.py`).
"""

from dataclasses import dataclass
from importlib.metadata import version

from pydantic_settings import BaseSettings, SettingsConfigDict


class WebSettings(BaseSettings):
    """What every live source is told of us.

    Attributes:
        contact: Address or page at which a source's operators reach whoever runs the atlas (``ATLAS_CONTACT``).
    """

    model_config = SettingsConfigDict(env_prefix="ATLAS_", frozen=True, env_ignore_empty=True)

    contact: str = "no contact configured"

    def user_agent(self) -> str:
        """Return the name and version under which the atlas asks, with the contact."""
        contact = "".join(sign for sign in self.contact if sign.isascii() and sign.isprintable() and sign not in "()")
        return f"adoption-atlas/{version('adoption-atlas')} ({contact})"


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How one source is asked.

    Attributes:
        connect: Seconds for a connection.
        read: Seconds of silence after which an answer is given up.
        total: Seconds for one whole answer, however steadily it drips.
        pause: Least seconds between the beginnings of two requests to the same host.
        attempts: Times that one request is made at most.
        patience: Seconds that one request may spend waiting in total.
        run_patience: Seconds that the client may spend waiting over its whole life.
        backoff: First wait in seconds where the source asks for none; it doubles.
        largest: Bytes of the largest answer that is taken.
    """

    connect: float = 10.0
    read: float = 30.0
    total: float = 120.0
    pause: float = 0.0
    attempts: int = 5
    patience: float = 900.0
    run_patience: float = 4 * 3600.0
    backoff: float = 1.0
    largest: int = 64_000_000
