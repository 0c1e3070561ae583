"""The prompts of the code actions as templates for chat models."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Final

from lsp_server.types import Prompt, PromptForm

SEPARATOR: Final = "\n---\n"
_NAME: Final = re.compile(r"\{([a-z_]+)\}")
_BLANK_LINES: Final = re.compile(r"\n{3,}")

CUSTOM_SYSTEM: Final = (
    "You are a careful programmer. Where code is asked for, answer with exactly one fenced code block and "
    "nothing else."
)
"""For the user's own actions, which bring no system text."""


class BadPrompt(ValueError):
    """A prompt's file is not as it should be. Its text is one line for people."""


@dataclass(frozen=True, slots=True)
class ActionTemplate:
    """How an action asks a chat model. Implements ``lsp_server.types.Template``.

    ``expects`` names what is put in, ``returns`` says what the answer has to be.
    """

    name: str
    system: str
    user: str
    expects: tuple[str, ...] = ()
    returns: str = ""
    form: PromptForm = field(default=PromptForm.CHAT)

    def render(self, prompt: Prompt) -> str:
        """Return the user's text. A name in braces that nothing is known of becomes nothing."""
        known = {
            "language": prompt.language,
            "path": prompt.path or "untitled",
            "before": prompt.prefix.rstrip("\n"),
            "after": prompt.suffix.strip("\n"),
            "around": _around(prompt),
            **dict(prompt.inputs),
        }
        text = _NAME.sub(lambda found: known.get(found[1], "").rstrip("\n"), self.user)
        return _BLANK_LINES.sub("\n\n", text).strip() + "\n"


def _around(prompt: Prompt) -> str:
    parts = []
    for what, text in (("Before it", prompt.prefix), ("After it", prompt.suffix)):
        if text.strip():
            parts.append(f"{what} in {prompt.path or 'the file'}:\n{_fenced(text)}")
    parts += [f"From {snippet.path}:\n{_fenced(snippet.text)}" for snippet in prompt.snippets]
    return "\n".join(parts)


def _fenced(text: str) -> str:
    """The text between fences that it does not have itself."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{text.strip(chr(10))}\n{fence}"


def parse(name: str, text: str) -> ActionTemplate:
    """Return the template that a prompt's file holds. Raises ``BadPrompt``."""
    try:
        first, system, user = text.split(SEPARATOR, 2)
    except ValueError:
        raise BadPrompt(f"the prompt {name} has not the three parts that a prompt has") from None
    try:
        head = tomllib.loads(first)
        expects = tuple(part.strip() for part in head["expects"].split(","))
        return ActionTemplate(name, system.strip(), user.strip(), expects, head["returns"])
    except (tomllib.TOMLDecodeError, KeyError, AttributeError) as error:
        raise BadPrompt(f"the head of the prompt {name} cannot be read ({type(error).__name__})") from None


@lru_cache(maxsize=64)
def builtin(name: str) -> ActionTemplate:
    """The template of one of our own actions. Raises ``BadPrompt``, also for one that there is not."""
    file = resources.files("lsp_server.actions.prompts") / f"{name}.md"
    if not file.is_file():
        raise BadPrompt(f"there is no prompt for the action {name}")
    return parse(name, file.read_text("utf-8"))


def custom(name: str, prompt: str) -> ActionTemplate:
    """The template of a user's own action: ``prompt`` is the user's text, with names in braces."""
    return ActionTemplate(name, CUSTOM_SYSTEM, prompt)
