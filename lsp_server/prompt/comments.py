"""Comments in the language of the file, for families that have no other way to show another file."""

from __future__ import annotations

from typing import Final

_HASH: Final = (
    "awk bash cmake coffeescript crystal dockerfile elixir fish gdscript graphql hcl julia just make "
    "makefile nim nix perl perl6 plaintext powershell python r raku ruby sh shellscript starlark tcl "
    "terraform toml yaml zsh"
)
_DASHES: Final = "ada applescript elm haskell lean lua purescript sql vhdl"
_SEMICOLON: Final = "asm clojure commonlisp elisp emacs-lisp ini janet lisp racket scheme"
_PERCENT: Final = "bibtex erlang latex matlab octave prolog tex"
_MARKUP: Final = "handlebars html markdown svelte vue xml xsl"
_STYLE: Final = "css"
_ML: Final = "coq ocaml"

_SLASHES: Final = ("// ", "")
"""The most common comment, and so the guess for a language that is not listed."""
_SYNTAX: Final = {
    language: syntax
    for names, syntax in (
        (_HASH, ("# ", "")),
        (_DASHES, ("-- ", "")),
        (_SEMICOLON, ("; ", "")),
        (_PERCENT, ("% ", "")),
        (_MARKUP, ("<!-- ", " -->")),
        (_STYLE, ("/* ", " */")),
        (_ML, ("(* ", " *)")),
        ("vim viml", ('" ', "")),
        ("vb", ("' ", "")),
        ("fortran fortran-modern", ("! ", "")),
    )
    for language in names.split()
}


def comment(text: str, language: str) -> str:
    """Return ``text`` as comment lines in ``language`` (an LSP language identifier), each with its line
    end.
    """
    opening, closing = _SYNTAX.get(language.lower(), _SLASHES)
    return "".join(f"{opening}{line}{closing}".rstrip() + "\n" for line in text.split("\n"))
