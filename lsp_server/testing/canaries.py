"""Words that are planted to see where they turn up, and a watch on where this process connects to.

canaries = Canaries("buffer", "path")
...                                       # a session with canaries["buffer"] in a file
assert canaries.found_in(fake_bytes) == []
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final


class Canaries(Mapping[str, str]):
    """One word for each name: letters and digits only, so that no encoding or setting changes it.

    The words differ in everything but their beginning, and the same names give the same words.
    """

    def __init__(self, *names: str) -> None:
        self._words = {name: f"canary{blake2b(name.encode(), digest_size=8).hexdigest()}" for name in names}

    def __getitem__(self, name: str) -> str:
        return self._words[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)

    def found_in(self, data: bytes | str, but: Iterable[str] = ()) -> list[str]:
        """The names of the words that ``data`` holds in any case, without those named ``but``."""
        seen = (data.encode("utf-8", "replace") if isinstance(data, str) else data).lower()
        return [name for name, word in self._words.items() if name not in but and word.encode() in seen]

    def found_under(self, folder: Path, but: Iterable[str] = ()) -> dict[str, list[str]]:
        """The same for the names and the contents of all files below ``folder``, by relative path."""
        found = {}
        for path in sorted(folder.rglob("*")):
            relative = str(path.relative_to(folder))
            data = path.read_bytes() if path.is_file() else b""
            names = self.found_in(data + relative.encode("utf-8", "replace"), but)
            if names:
                found[relative] = names
        return found


@dataclass
class Watch:
    """Where this process looked up names and connected to, each as ``host:port``, in order.

    What is not loopback is refused before it happens.
    """

    places: list[str] = field(default_factory=list)

    @property
    def elsewhere(self) -> list[str]:
        """The places that are not loopback."""
        return [place for place in self.places if not _is_loopback(place.rpartition(":")[0])]

    def take(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note one event of Python's audit.

        Raises:
            ConnectionRefusedError: It leads off the machine.
        """
        if event == "socket.connect" and isinstance(arguments[1], tuple):
            host, port = arguments[1][:2]
        elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
            host, port = (*arguments, None)[:2]
        else:
            return
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
        self.places.append(f"{name}:{port}")
        if not _is_loopback(name):
            raise ConnectionRefusedError(f"the test does not connect to {name}")


_WATCHES: Final[list[Watch]] = []
_HOOKED: Final[list[bool]] = []
"""Hooks cannot be taken away again, so there is one, which passes on to the watches there are."""


@contextmanager
def watching() -> Iterator[Watch]:
    """Watch where this process connects to while the block runs, all threads together."""
    if not _HOOKED:
        _HOOKED.append(True)
        sys.addaudithook(_audit)
    watch = Watch()
    _WATCHES.append(watch)
    try:
        yield watch
    finally:
        _WATCHES.remove(watch)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event.startswith("socket."):
        for watch in tuple(_WATCHES):
            watch.take(event, arguments)


def _is_loopback(host: str) -> bool:
    if host in {"localhost", "None", ""}:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
