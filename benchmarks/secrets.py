"""Secrets: what is found, what is taken for one, and what it costs.

    python -m benchmarks.secrets [--check] [--json] [--list]

The clean corpus is the standard library of this Python and the packages that are installed beside it; keys
that stand in their tests count as false alarms too. ``--list`` names each by file, line and rule.
"""

from __future__ import annotations

import argparse
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.table import Row, percentiles, report
from lsp_server.policy.clearance import Policy
from lsp_server.policy.ignores import PathPolicy
from lsp_server.policy.paths import PathRules
from lsp_server.policy.secrets import has_secret, hits_in, line_hits, redacted
from lsp_server.prompt.families import FAMILIES
from lsp_server.prompt.layout import Limits, lay_out
from lsp_server.schedule.clock import SystemClock
from lsp_server.testing.planted import HELD_OUT, HOSTS, plant
from lsp_server.types import CleanPrompt, Cursor, Destination, Document, Position, Snippet

PLANTED: Final = 1800
SEEDS: Final = {"syntaxes the rules were made with": (HOSTS, 101), "syntaxes held out": (HELD_OUT, 202)}
MISSED: Final = 2.0
"""Percent of planted secrets of fresh seeds that may be missed."""
FALSE_ALARMS: Final = 1.0
"""Per 10,000 lines of code without secrets."""
KIB: Final = 1024
BLOCK_MS: Final = 5.0
HOSTILE_MS: Final = 50.0
KEYSTROKE_MS: Final = 1.0
KEYS: Final = 400
REMOTE: Final = Destination("hosted", "https://codestral.mistral.ai", remote=True)


def corpus() -> Iterator[tuple[Path, str]]:
    """The Python files of the standard library and of the installed packages."""
    standard, installed = (Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib"))
    files = [p for p in standard.rglob("*.py") if "site-packages" not in p.parts]
    for path in sorted({*files, *installed.rglob("*.py")}):
        try:
            yield path, path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue


def hostile() -> dict[str, str]:
    """64 KiB of each text that bad patterns take long for."""
    pieces = {
        "one anchor": "sk-", "near misses": "ghp_" + "a" * 29 + " ", "names": "password ", "gives": "token=",
        "open quotes": 'secret = "a1B2', "addresses": "a://b:c", "one word": "key", "begins": "-----BEGIN ",
        "blanks": "password" + " " * 60, "base64": "Ab1/" * 16 + "\n", "dots": "eyJaaaaaaaaaa.",
        "types": "token: a | b | ", "options": "--password=", "elements": "<password>",
        "keys": "PRIVATE KEY\n", "lua": "token=[[[", "colons": "https://a:b:c:",
        "underscores": "api_key_" * 4, "mixed": "pwd:=\"'`\\",
    }  # fmt: skip
    return {name: (piece * (64 * KIB // len(piece) + 1))[: 64 * KIB] for name, piece in pieces.items()}


def secret_rows(*, listing: bool = False) -> list[Row]:
    """Rows for recall, false alarms, speed and the cost of a keystroke."""
    return [*_recall_rows(), _alarm_row(listing=listing), _block_row(), _hostile_row(), _keystroke_row()]


def _recall_rows() -> Iterator[Row]:
    for what, (hosts, seed) in SEEDS.items():
        planted = list(plant(PLANTED, seed, hosts))
        missed = [
            p for p in planted if any(part in redacted(f"a = 1\n{p.text}\nb = 2\n") for part in p.parts)
        ]
        note = ", ".join(f"{p.kind} in {p.host}" for p in missed[:5])
        share = 100.0 * len(missed) / len(planted)
        kinds = len({p.kind for p in planted})
        title = f"{len(planted)} planted secrets of {kinds} kinds, {what}"
        yield Row(title, "%", {"missed": share}, {"missed": MISSED}, note=note)


def _alarm_row(*, listing: bool) -> Row:
    lines, rules = 0, Counter[str]()
    for path, text in corpus():
        lines += text.count("\n") + 1
        for hit in hits_in(text):
            rules[hit.rule] += 1
            if listing:
                print(f"{path}:{text.count(chr(10), 0, hit.start) + 1}: {hit.rule}")
    rate = 10_000.0 * rules.total() / lines
    note = ", ".join(f"{rule} {count}" for rule, count in rules.most_common(4))
    what = f"false alarms in {lines:,} lines of code"
    return Row(what, "per 10,000 lines", {"alarms": rate}, {"alarms": FALSE_ALARMS}, note=note)


def _block_row() -> Row:
    times = []
    for number, (_, text) in enumerate(corpus()):
        if number % 10 == 0 and len(text) >= 8 * KIB:
            times.append(_timed(text[: 8 * KIB]))
    return Row("8 KiB of code seen for the first time", "ms", percentiles(times), {"p95": BLOCK_MS})


def _hostile_row() -> Row:
    times = {name: _timed(text) for name, text in hostile().items()}
    worst = max(times, key=lambda name: times[name])
    what = f"64 KiB of {len(times)} hostile texts"
    return Row(
        what,
        "ms",
        {"max": times[worst]},
        {"max": HOSTILE_MS},
        note=", ".join(f"{n} {t:.0f}" for n, t in sorted(times.items(), key=lambda i: -i[1])[:5]),
    )


def _timed(text: str) -> float:
    line_hits.cache_clear()
    has_secret.cache_clear()
    started = time.perf_counter()
    hits_in(text)
    return (time.perf_counter() - started) * 1000


def _keystroke_row() -> Row:
    """What policy takes for a remote backend and the longest default prompt, letter after letter.

    With ignore files in a folder on the disk, whose answers are looked up anew as often as in use.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".gitignore").write_text("build/\n*.log\n")
        (folder / ".codestralignore").write_text("internal/\n")
        return Row("policy at a keystroke", "ms", percentiles(_keystrokes(folder)), {"p95": KEYSTROKE_MS})


def _keystrokes(folder: Path) -> list[float]:
    filler = tuple(f"    total_{n} = compute(items[{n}], limit={n}, name='part {n}')\n" for n in range(400))
    snippets = tuple(
        Snippet(f"s{n}.py", "".join(filler[n * 6 : n * 6 + 6]), 1.0, "windows") for n in range(4)
    )
    rules, clock = PathRules(), SystemClock()
    folders = (str(folder),)
    paths = PathPolicy(rules, folders, now_ms=clock.now_ms)
    policy = Policy(rules, remote_allowed=True, folders=folders, paths=paths)
    path = str(folder / "a.py")
    limits = Limits(context_tokens=8192, budget_tokens=2048, max_tokens=128)
    times = []
    for number in range(KEYS):
        line = "    result = total_" + "abcdefghij"[number % 10] * (number % 40 + 1)
        document = Document(
            "file:///a.py", path, "python", number, (*filler[:200], line + "\n", *filler[200:])
        )
        cursor = Cursor(document, Position(200, len(line)))
        prompt, _ = lay_out(cursor, FAMILIES["codestral"], limits=limits, snippets=snippets)
        started = time.perf_counter()
        assert policy.admit(cursor) is None
        assert policy.may_send(cursor, REMOTE) is None
        clean = policy.clear(prompt, cursor, REMOTE)
        times.append((time.perf_counter() - started) * 1000)
        assert isinstance(clean, CleanPrompt)
    return times


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.secrets")
    for option in ("--check", "--json", "--list"):
        parser.add_argument(option, action="store_true")
    args = parser.parse_args()
    return report(secret_rows(listing=args.list), as_json=args.json, check=args.check)


if __name__ == "__main__":
    sys.exit(main())
