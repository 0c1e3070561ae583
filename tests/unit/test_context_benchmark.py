"""The measurement of retrieval itself, on a package of two files."""

import pytest

from benchmarks.context.mine import Place, bound_in, mine
from benchmarks.context.packages import Package
from benchmarks.context.recall import ARMS, OURS, ROOM, Found, Workspace, defined_in, interval, score

STORE = "class Store:\n    def fetch_item(self, key): ...\n" + "# filler\n" * 40
MAIN = (
    "from store import Store\n" + "# unrelated text\n" * 300
    + "def main(store: Store):\n" + "    x = 1\n" * 3 + "    return store.fetch_item(1)\n"
)  # fmt: skip
PACKAGE = Package("shop", {"store.py": STORE, "main.py": MAIN})


def places():
    return [p for p in mine(PACKAGE, 10, defined_in(PACKAGE)) if "fetch_item" in p.wanted]


def test_places_need_what_the_window_lacks():
    found = places()
    assert found
    for place in found:
        assert "fetch_item" in place.answer
        assert "fetch_item" not in place.window
        assert "fetch_item" not in place.cursor.document.text
        assert place.defined == place.wanted == {"fetch_item"}
        above = "".join(place.cursor.document.lines[: place.cursor.position.line]) + place.cursor.before
        assert place.window.startswith(above[-3000:])


@pytest.mark.parametrize("arm", ARMS)
def test_every_arm_keeps_to_the_room(arm):
    workspace = Workspace(PACKAGE)
    for place in places():
        workspace.look(place)
        assert score(place, ARMS[arm](place, workspace)).chars <= ROOM


def test_ours_finds_the_receivers_member():
    workspace = Workspace(PACKAGE)
    for place in places():
        workspace.look(place)
        assert score(place, ARMS[OURS](place, workspace)).recall == 1


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ("made = make(used)", {"made"}),
        ("a, b = pair", {"a", "b"}),
        ("for item in items:", {"item"}),
        ("with opened() as handle:", {"handle"}),
        ("call(keyword=value)", set()),
        ("left == right", set()),
        ("field: Type = 1", {"field"}),
    ],
)
def test_names_that_an_answer_makes_itself(answer, names):
    assert bound_in(answer) == names


def test_the_interval_is_of_files_not_of_places():
    place = places()[0]
    other = Place(**{name: getattr(place, name) for name in Place.__slots__} | {"path": "other.py"})
    ours = [Found(place, 1.0, None, 0)] * 50 + [Found(other, 0.0, None, 0)] * 50
    theirs = [Found(place, 0.0, None, 0)] * 50 + [Found(other, 0.0, None, 0)] * 50
    assert interval(ours, theirs) == (0.0, 100.0)
