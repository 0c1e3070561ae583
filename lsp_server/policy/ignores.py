"""Which files no model sees and which stay on this machine, by the settings and by ignore files.

``.codestralignore`` and its like exclude; what git ignores is for local backends only. Both only narrow what
the settings allow. An ignore file that cannot be used keeps its whole folder on this machine.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Final, Literal, TypeVar

from lsp_server.policy.paths import PathRules, normal, relative_path, trimmed
from lsp_server.policy.reading import (
    EXCLUDING,
    GITIGNORE,
    Fault,
    FolderIgnores,
    IgnoreFile,
    Stamp,
    is_repository,
    read_folder,
    stamp_of,
)

IGNORE_NAMES: Final = frozenset({GITIGNORE, *EXCLUDING})
RECHECK_MS: Final = 2000.0
"""From one look at the disk to the next: whoever changes ignore files waits longer before typing on."""
MOST_WEIGHT: Final = 16 * 1024
"""Of all ignore files from the top down to a file, mostly signs of patterns with wildcards: the largest
templates have a fifth of it. The worst that was found to fit in costs the first look at a file 0.25 s."""
LONGEST_PATH: Final = 1024
"""Characters of a path inside its outermost folder, with which the time for matching grows."""
DEEPEST: Final = 64
"""Folders within folders: the deepest real ones are Java's packages with some 15."""
KEPT: Final = 4096
"""Files and folders that are remembered: more than anybody works in."""

_K = TypeVar("_K")
_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What holds for one file: for each restriction the rule it comes from, in one line, or None.

    What is excluded may not be sent either, for whoever asks that alone.
    """

    excluded: str | None = None
    local_only: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What ignore files say of a place: which one excludes it, which has git ignore it, and what is wrong."""

    excluded: str | None = None
    ignored: str | None = None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """One folder on the way down from the outermost, with the ignore files that hold in it.

    A value: a walk keeps one for each folder, and asks it about what lies in the folder. Each kind of ignore
    file is for itself: a ``!`` takes back only what files of the same name said.
    """

    finding: Finding = Finding()
    layers: tuple[tuple[IgnoreFile, str], ...] = ()
    """The files, the nearest first, each with the path from its folder to this one."""
    depth: int = 0
    length: int = 0
    weight: int = 0

    def judge(self, name: str, *, is_folder: bool) -> Finding:
        """What holds for ``name`` in this folder. In an ignored folder nothing can be taken back."""
        plain = normal(name)
        found = self._judge(plain, is_folder=is_folder)
        other = trimmed(plain)
        if other != plain:
            also = self._judge(other, is_folder=is_folder)
            found = Finding(found.excluded or also.excluded, found.ignored or also.ignored, found.faults)
        return found

    def entered(self, name: str, ignores: FolderIgnores) -> Level:
        """The level of the folder ``name`` in this one, which holds ``ignores``."""
        below = f"{normal(name)}/"
        layers = tuple(
            (file, prefix + below)
            for file, prefix in self.layers
            if not (ignores.is_top and file.name == GITIGNORE)
        )
        found = self.judge(name, is_folder=True)
        level = Level(found, layers, self.depth + 1, self.length + len(below), self.weight)
        return level.holding(ignores)

    def holding(self, ignores: FolderIgnores) -> Level:
        """The same folder, which holds ``ignores``."""
        if not ignores.files and not ignores.faults:
            return self
        weight = self.weight + sum(file.patterns.weight for file in ignores.files)
        faults, layers = (*self.finding.faults, *ignores.faults), self.layers
        if weight > MOST_WEIGHT:
            heavy = max(ignores.files, key=lambda file: file.patterns.weight)
            # Whichever file it is, those that exclude are not read any more.
            faults = (*faults, Fault(EXCLUDING[0], heavy.shown, "there are too many patterns up to it"))
        else:
            layers = (*((file, "") for file in ignores.files), *layers)
        finding = Finding(self.finding.excluded, self.finding.ignored, faults)
        return Level(finding, layers, self.depth, self.length, weight)

    def as_top(self) -> Level:
        """The same without what git says from above, if by that the folder itself is ignored."""
        if self.finding.ignored is None:
            return self
        layers = tuple(layer for layer in self.layers if layer[0].name != GITIGNORE or not layer[1])
        finding = Finding(self.finding.excluded, None, self.finding.faults)
        return Level(finding, layers, self.depth, self.length, self.weight)

    @property
    def is_settled(self) -> bool:
        """Whether ignore files further down cannot change anything, or are too many."""
        return self.finding.excluded is not None or self.weight > MOST_WEIGHT or self.depth > DEEPEST

    def _judge(self, name: str, *, is_folder: bool) -> Finding:
        above = self.finding
        if self.depth > DEEPEST or self.length + len(name) > LONGEST_PATH:
            deep = Fault(EXCLUDING[0], EXCLUDING[0], "the path is too long to be held against its patterns")
            return Finding(above.excluded, above.ignored, (*above.faults[:1], deep))
        said: dict[str, str | None] = {} if above.ignored is None else {GITIGNORE: above.ignored}
        for file, prefix in self.layers:
            if file.name not in said:
                match = file.patterns.last_match(prefix + name, is_folder=is_folder)
                if match is not None:
                    said[file.name] = None if match.negative else f"{file.shown}, line {match.line}"
        excluded = above.excluded or next(filter(None, map(said.get, EXCLUDING)), None)
        return Finding(excluded, said.get(GITIGNORE), above.faults)


class IgnoreTree:
    """The ignore files of the disk, from the outermost folder that matters down to any file.

    The outermost folder is the workspace folder that a file lies in, or above it the top of the repository
    of either. It and each folder down to the file is read once; again when ``RECHECK_MS`` later a time or a
    size is another (some 7 calls for each folder). Outside of every folder and repository nothing is read.
    """

    def __init__(self, folders: Sequence[str]) -> None:
        self.folders = tuple(dict.fromkeys((*folders, *map(os.path.realpath, folders))))
        """The workspace folders, by their names and by what these lead to."""
        self._holders = frozenset(map(_folded, self.folders))
        self._tops: dict[str, tuple[float, bool]] = {}
        self._read: dict[str, tuple[float, Stamp, FolderIgnores]] = {}
        self._levels: dict[str, tuple[str, Level | None, FolderIgnores, Level]] = {}

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is wrong with the files that were read."""
        levels = [kept[3] for kept in list(self._levels.values())]
        return tuple(dict.fromkeys(fault for level in levels for fault in level.finding.faults))

    def level(self, folder: str, now_ms: float) -> Level | None:
        """The level of ``folder`` (absolute), or None outside of every folder and repository."""
        parts = PurePath(folder).parts
        folders = _with_ancestors(parts)
        start = self._outermost(folders, now_ms)
        if start is None:
            return None
        level: Level | None = None
        for i in range(start, len(folders)):
            above, ignores = level, FolderIgnores()
            if above is None or not above.is_settled:
                shown = printable("".join(f"{part}/" for part in parts[max(start, 1) : i + 1]))
                ignores = self._ignores(folders[i], folders[start], shown, now_ms)
            kept = self._levels.get(folders[i])
            if kept is not None and kept[0] == folders[start] and kept[1] is above and kept[2] is ignores:
                level = kept[3]
                continue
            level = Level().holding(ignores) if above is None else above.entered(parts[i], ignores)
            _keep(self._levels, folders[i], (folders[start], above, ignores, level))
        return level

    def top(self, folder: str, now_ms: float) -> str | None:
        """The top of the repository that ``folder`` lies in."""
        folders = _with_ancestors(PurePath(folder).parts)
        index = self._top_index(folders, now_ms)
        return None if index is None else folders[index]

    def _outermost(self, folders: Sequence[str], now_ms: float) -> int | None:
        holders = [i for i, folder in enumerate(folders) if _folded(folder) in self._holders]
        tops = [self._top_index(folders[: i + 1], now_ms) for i in (*holders, len(folders) - 1)]
        return min((i for i in (*holders, *tops) if i is not None), default=None)

    def _top_index(self, folders: Sequence[str], now_ms: float) -> int | None:
        for i in range(len(folders) - 1, -1, -1):
            known = self._tops.get(folders[i])
            if known is None or now_ms - known[0] >= RECHECK_MS:
                known = (now_ms, is_repository(Path(folders[i])))
                _keep(self._tops, folders[i], known)
            if known[1]:
                return i
        return None

    def _ignores(self, folder: str, top: str, shown: str, now_ms: float) -> FolderIgnores:
        known = self._read.get(folder)
        if known is not None and now_ms - known[0] < RECHECK_MS:
            return known[2]
        # Before they are read: a change in between is then seen the next time.
        stamp = stamp_of(folder, known[2].exclude if known else "")
        if known is not None and known[1] == stamp:
            ignores = known[2]
        else:
            ignores = read_folder(folder, top, shown)
            if ignores.exclude != (known[2].exclude if known else ""):
                stamp = stamp_of(folder, ignores.exclude)
        _keep(self._read, folder, (now_ms, stamp, ignores))
        return ignores


class PathPolicy:
    """Which files may be completed in and sent, by the settings' rules and by ignore files.

    The first question about a file resolves its links and reads ignore files (``IgnoreTree``). For
    ``RECHECK_MS`` its answer is then a look into a dictionary; after that one question looks at the disk
    again, as does the next one after ``files_changed``. Outside of every folder and repository the settings'
    rules alone hold; for a buffer without a file none does.

    A rule holds for a file if it holds for its name or for what its name leads to by way of links. Made for
    one set of settings and folders; ``now_ms`` is a clock in milliseconds. Threads may share it.
    """

    def __init__(
        self,
        rules: PathRules,
        folders: Sequence[str] = (),
        gitignored: Literal["local_only", "allow"] = "local_only",
        *,
        now_ms: Callable[[], float],
    ) -> None:
        self.rules = rules
        self._folders = tuple(map(os.path.abspath, folders))
        self._ignored_stay = gitignored != "allow"
        self._now_ms = now_ms
        self._known: dict[str, tuple[float, Verdict]] = {}
        self._tree: IgnoreTree | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the ignore files that were read, a line each."""
        return tuple(str(f) for f in (self._tree.faults if self._tree else ()) if self._counts(f))

    def excluded(self, path: str | None) -> str | None:
        """Why no model may see the file at ``path`` (absolute, native), in one line; None if one may."""
        return self.verdict(path).excluded

    def local_only(self, path: str | None) -> str | None:
        """Why the file at ``path`` (absolute, native) may not be sent to a remote backend; None if it may."""
        return self.verdict(path).local_only

    def verdict(self, path: str | None) -> Verdict:
        """What holds for the file at ``path`` (absolute, native; it need not exist)."""
        if not path:
            return Verdict()
        now_ms = self._now_ms()
        answers = self._known
        known = answers.get(path)
        if known is None or now_ms - known[0] >= RECHECK_MS:
            known = (now_ms, self._look(path, now_ms))
            _keep(answers, path, known)
        return known[1]

    def snippet_verdict(self, relative: str) -> Verdict:
        """What holds for text that is labelled with a path as ``relative_path`` makes it.

        Which workspace folder it comes from is not known: what holds in one of them holds.
        """
        if not relative:
            return Verdict()
        places = [f"{folder}{os.sep}{relative.replace('/', os.sep)}" for folder in self._folders]
        if os.name != "nt":
            places.append(f"/{relative}")
        verdicts = [self._by_rules([relative], printable(relative)), *map(self.verdict, places)]
        return _together(verdicts)

    def files_changed(self, paths: Sequence[str]) -> None:
        """Look at the disk again at the next question, where ``paths`` (native) may change an answer."""
        for path in paths:
            self._known.pop(path, None)
            names = PurePath(path).parts[-3:]
            if names and (names[-1] in IGNORE_NAMES or ".git" in names):
                self._known, self._tree = {}, None

    def _look(self, path: str, now_ms: float) -> Verdict:
        shown = printable(relative_path(path, self._folders))
        tree = self._tree
        try:
            if tree is None:
                tree = self._tree = IgnoreTree(self._folders)
            location = os.path.abspath(path)  # noqa: PTH100 - links stay in it
            real = os.path.realpath(path)
            found = self._at(tree, location, shown, now_ms)
            if real == location:
                return found
            outside = Verdict(None, _leads_out(tree, location, real, shown, now_ms))
            return _together([found, self._at(tree, real, shown, now_ms), outside])
        except (OSError, ValueError):
            return Verdict(None, f"{shown} is for local backends only: where it lies cannot be found out")

    def _at(self, tree: IgnoreTree, location: str, shown: str, now_ms: float) -> Verdict:
        by_rules = self._by_rules(_relatives(location, tree.folders), shown)
        folder, name = os.path.split(location)
        level = tree.level(folder, now_ms)
        if level is None:
            return by_rules
        found = level.judge(name, is_folder=False)
        excluded, stays = None, None
        if found.excluded is not None:
            excluded = f"{shown} is excluded from completion ({found.excluded})"
        if found.ignored is not None and self._ignored_stay:
            stays = f"{shown} is ignored by git and so for local backends only ({found.ignored})"
        fault = next(filter(self._counts, found.faults), None)
        unclear = f"{shown} is for local backends only: {fault}" if fault else None
        return _together([by_rules, Verdict(excluded, stays), Verdict(None, unclear)])

    def _by_rules(self, relatives: Sequence[str], shown: str) -> Verdict:
        rule = next(filter(None, map(self.rules.excluded_by, relatives)), None)
        stays = any(map(self.rules.is_local_only, relatives))
        excluded = f"{shown} is excluded from completion ({rule})" if rule else None
        local_only = f"{shown} is for local backends only (privacy.local_only)" if stays else None
        return _together([Verdict(excluded, local_only)])

    def _counts(self, fault: Fault) -> bool:
        return self._ignored_stay or fault.name != GITIGNORE


def level_of(folder: Path) -> Level:
    """The level of a workspace folder as it is now on the disk: its ignore files and those above it."""
    place = os.path.realpath(folder)
    return (IgnoreTree([place]).level(place, 0.0) or Level()).as_top()


def printable(text: str) -> str:
    """``text`` in one line: a file's name may hold anything."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)


def _leads_out(tree: IgnoreTree, location: str, real: str, shown: str, now_ms: float) -> str | None:
    """A link would show as the workspace's own what lies elsewhere on the machine."""
    if not any(_is_below(location, folder) for folder in tree.folders):
        return None
    inside = (*tree.folders, *(top for folder in tree.folders if (top := tree.top(folder, now_ms))))
    if any(_is_below(real, folder) for folder in inside):
        return None
    return f"{shown} is for local backends only: it is a link out of the workspace"


def _relatives(location: str, folders: Sequence[str]) -> list[str]:
    parts = PurePath(location).parts
    found = [parts[len(PurePath(folder).parts) :] for folder in folders if _is_below(location, folder)]
    return ["/".join(rest) for rest in dict.fromkeys(found)] or [relative_path(location, ())]


def _is_below(path: str, folder: str) -> bool:
    """Whether ``folder`` holds ``path``; in capitals or not, since the disk may not tell them apart."""
    return _folded(path).startswith(_folded(folder).rstrip(os.sep) + os.sep)


@lru_cache(KEPT)
def _folded(path: str) -> str:
    return normal(path).casefold()


def _with_ancestors(parts: Sequence[str]) -> list[str]:
    folders = [parts[0]]
    for part in parts[1:]:
        folders.append(f"{folders[-1].rstrip(os.sep)}{os.sep}{part}")
    return folders


def _together(verdicts: Sequence[Verdict]) -> Verdict:
    excluded = next((verdict.excluded for verdict in verdicts if verdict.excluded), None)
    local_only = next((verdict.local_only for verdict in verdicts if verdict.local_only), None)
    return Verdict(excluded, local_only or excluded)


def _keep(kept: dict[_K, _V], key: _K, value: _V) -> None:
    if len(kept) >= KEPT:
        kept.clear()
    kept[key] = value
