"""The rules of the settings, however a path is spelled, and the patterns of ignore files."""

import unicodedata

import pytest

from lsp_server.policy.paths import LONGEST_PATTERN, PathRules, Pattern, relative_path, spellings, trimmed
from lsp_server.policy.reading import MOST_PATTERNS, Patterns

NFC, NFD = (unicodedata.normalize(form, "Träger") for form in ("NFC", "NFD"))
RULES = PathRules(("private/", "/top.py", "Straße.py", f"{NFC}/", "*.gen.py", "deep/**/x.py"), ("inside/**",))


@pytest.mark.parametrize(
    "path",
    [
        "private/a.py",
        "PRIVATE/a.py",
        "x/Private/a.py",
        "private./a.py",
        "private /a.py",
        "private. ./a.py",
        "a/../private/b.py",
        "./private/b.py",
        "x//private//b.py",
        "private\\b.py",
        "x\\..\\private\\b.py",
        "top.py",
        "../top.py",
        "TOP.PY.",
        "strasse.py",
        "STRASSE.PY",
        f"{NFC}/a.py",
        f"{NFD}/a.py",
        f"{NFD.upper()}/a.py",
        "a.gen.py ",
        "deep/1/2/X.py",
        ".env",
        ".ENV",
        ".env.",
        ".env::$DATA",
        ".env:stream",
        ".e\u200cnv",
        "\ufeff.env",
        "\u017fecrets.toml",
        "\u212aubeconfig",
        "x/.Ssh/known",
    ],
)
def test_a_path_is_excluded_however_it_is_spelled(path):
    assert RULES.is_excluded(path)


@pytest.mark.parametrize(
    "path",
    [
        "privateer/a.py",
        "x/top.py",
        "a.gen.pyx",
        "private",
        "main.py",
        "env",
        ".env.example",
        "a:b.py",
        "...",
        "",
    ],
)
def test_other_paths_are_not(path):
    assert not RULES.is_excluded(path)


@pytest.mark.parametrize("path", ["inside/a.py", "INSIDE\\a.py", "x/../inside/a.py", "inside./a.py"])
def test_what_is_local_only_is_so_in_every_spelling(path):
    assert RULES.is_local_only(path)
    assert not RULES.is_local_only(f"x/{path.rpartition('/')[2]}")


@pytest.mark.parametrize(
    ("path", "rule"),
    [("a/.env", "made to hold secrets"), ("private/x", "privacy.exclude"), ("main.py", None)],
)
def test_the_rule_is_named(path, rule):
    assert RULES.excluded_by(path) == rule


def test_the_user_may_take_back_what_is_built_in():
    assert not PathRules(("!*.pem",)).is_excluded("a.pem")


@pytest.mark.parametrize(
    ("pattern", "path"), [("[z-\u1e9e].py", "ß.py"), ("[a\u0323-\u0400].py", "\u0370.py")]
)
def test_ranges_that_folding_would_turn_round_still_work(pattern, path):
    assert PathRules((pattern,)).is_excluded(path)


@pytest.mark.parametrize(
    ("name", "opened"),
    [("a.py", "a.py"), ("a.py. .", "a.py"), ("a:b", "a"), (":a", ":a"), ("..", ".."), ("", "")],
)
def test_names_as_windows_opens_them(name, opened):
    assert trimmed(name) == opened


def test_an_ordinary_path_has_one_spelling():
    assert spellings("src/main.py") == ("src/main.py",)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/project/a/../b.py", "b.py"),
        ("/project/./a//b.py", "a/b.py"),
        ("/project/../other/b.py", "other/b.py"),
        ("/x/../project/b.py", "b.py"),
        ("/project/we\\ird.py", "we\\ird.py"),
        ("C:\\project\\..\\project\\b.py", "project/b.py"),
    ],
)
def test_relative_paths_are_resolved(path, expected):
    assert relative_path(path, ("/project",)) == expected


MATCHES = [
    # pattern, what it names, what it does not; a folder has a slash at its end
    ("a", ["a", "x/a", "a/"], ["ab", "b", "A"]),
    ("a/", ["a/", "x/a/"], ["a"]),
    ("/a", ["a"], ["x/a"]),
    ("x/a", ["x/a"], ["y/x/a"]),
    ("*.py", ["a.py", "x/.py"], ["a.pyx"]),
    ("*", ["a", "x/b"], []),
    ("**", ["a", "x/b"], []),
    ("**/", ["a/"], ["a"]),
    ("/*", ["a"], ["x/a"]),
    ("x/*", ["x/a"], ["x/a/b"]),
    ("x/**", ["x/a", "x/a/b"], ["x", "y/a"]),
    ("**/a", ["a", "x/y/a"], ["ba"]),
    ("x/**/a", ["x/a", "x/1/2/a"], ["a", "x/ba"]),
    ("x/***/a", ["x/a", "x/1/2/a"], ["xa"]),
    ("a**b", ["ab", "axxb"], ["a/b"]),
    ("x/a**b", ["x/acb"], ["x/a/b"]),
    ("x/a**/b", ["x/ab", "x/ac/b", "x/a/c/b"], ["x/b", "a/b"]),
    ("x/?**/b", ["x/ac/b"], ["x/ab", "x/a/c/b"]),
    ("x/a**", ["x/ab", "x/ab/c"], ["x/b"]),
    ("*a*b*", ["ab", "1a2b3"], ["ba"]),
    ("*ab*ab", ["abab", "xabxab"], ["ab", "aba"]),
    ("a?c", ["abc", "aéc"], ["ac", "a/c"]),
    ("x?a", [], ["x/a"]),
    ("[ab].c", ["a.c"], ["c.c"]),
    ("[!ab].c", ["c.c"], ["a.c"]),
    ("[^ab].c", ["c.c"], ["a.c"]),
    ("[]a]", ["]", "a"], ["b"]),
    ("[a-c]", ["b"], ["d"]),
    ("[z-a]", ["z"], ["b", "a"]),
    ("[!z-a]", ["b"], ["z"]),
    ("[a-]", ["-", "a"], ["b"]),
    ("[\\]]", ["]"], ["\\"]),
    ("[[:digit:]x]", ["7", "x"], ["y"]),
    ("[[:]", ["[", ":"], ["a"]),
    ("x[/]a", [], ["x/a"]),
    ("\\*", ["*"], ["a"]),
    ("\\!a", ["!a"], ["a"]),
    ("\\#a", ["#a"], ["a"]),
    ("a\\ ", ["a "], ["a"]),
    ("a  ", ["a"], ["a  "]),
    ("a\t", ["a\t"], ["a"]),
    ("a\r", ["a"], ["a\r"]),
    (f"{NFC}.py", [f"{NFC}.py", f"{NFD}.py"], ["Trager.py"]),
    (f"{NFD}.py", [f"{NFC}.py"], []),
    ("a//b", [], ["a/b"]),
    ("x/a/", ["x/a/"], ["x/a", "x/a/b"]),
]


@pytest.mark.parametrize(("line", "named", "others"), MATCHES)
def test_patterns_name_what_they_name_for_git(line, named, others):
    patterns = Patterns(line.encode(), fold=False)
    assert patterns.faults == ()
    for path, expected in [*((path, True) for path in named), *((path, False) for path in others)]:
        plain = unicodedata.normalize("NFC", path.removesuffix("/"))
        found = patterns.last_match(plain, is_folder=path.endswith("/"))
        assert (found is not None) is expected, path


@pytest.mark.parametrize("line", ["", " ", "# a", "#", "/", "!", "\r", "\ufeff"])
def test_empty_lines_and_comments_say_nothing(line):
    patterns = Patterns(line.encode(), fold=False)
    assert len(patterns) == 0
    assert patterns.faults == ()


@pytest.mark.parametrize(
    "line", [b"[a", b"a\\", b"[[:letters:]]", b"a\0", b"\xff", b"a" * (LONGEST_PATTERN + 1)]
)
def test_what_is_no_pattern_is_told_with_its_line(line):
    patterns = Patterns(b"good\n" + line + b"\nbetter\n", fold=False)
    assert patterns.faults == ("line 2 is no pattern that can be used",)
    assert patterns.last_match("better", is_folder=False).line == 3


def test_the_number_of_patterns_is_bounded():
    patterns = Patterns(b"a\n" * (MOST_PATTERNS + 1), fold=False)
    assert len(patterns) == MOST_PATTERNS
    assert len(patterns.faults) == 1


def test_the_last_line_decides_and_is_told():
    patterns = Patterns(b"\xef\xbb\xbf*.py\n!a.py\n", fold=False)
    assert patterns.last_match("b.py", is_folder=False).line == 1
    found = patterns.last_match("a.py", is_folder=False)
    assert (found.line, found.negative) == (2, True)


@pytest.mark.parametrize("line", ["Build", "*.EXE", "x/[A-C]?", "Straße", "/İx"])
def test_case_is_disregarded_on_request(line):
    for path in {line.lower(), line.upper(), line.casefold()}:
        text = path.lstrip("*/").replace("[a-c]?", "bb").replace("[A-C]?", "bb")
        assert Patterns(line.encode(), fold=True).last_match(text, is_folder=False)


def test_a_star_is_passed_once():
    pattern = Pattern.read("**/" + "*a*a*a*a/" * 8 + "b", 1, fold=False)
    path = ("a" * 40 + "/") * 24 + "c"
    assert not pattern.matches(path, "c")
