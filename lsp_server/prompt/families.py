"""The one table of model families: how each is asked to fill in the middle.

Sources are the model cards and papers, as collected in the project's notes on backends (section 3). Beginning
of text (``<s>`` and the like) is never written out: every server adds what the model's file asks for, and a
second one would be read as text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from lsp_server.prompt.templates import Files, Layout
from lsp_server.types import Prompt, PromptForm

COMMENTS: Final = Files()
"""For families that were shown no other files in training, or whose form for it is not published."""
HOLE: Final = "<FILL_HERE>"


@dataclass(frozen=True, slots=True)
class Family:
    """How one family of models is prompted. Implements ``lsp_server.types.Template``.

    ``stops`` end an answer, the likeliest first: control tokens and end-of-text spelt out, for servers that
    give them as text. ``control_tokens`` must not occur in the user's own text; one that begins with a line
    feed must not begin a line there. ``healed`` replaces ``layout`` where the backend can make the model
    begin with a given text.
    """

    name: str
    title: str
    layout: Layout
    stops: tuple[str, ...]
    control_tokens: tuple[str, ...]
    healed: Layout | None = None
    form: PromptForm = PromptForm.RAW
    system: str = ""

    def for_backend(self, *, forces_start: bool, takes_parts: bool) -> Family:
        """Return the family as a backend with these abilities is best asked."""
        if self.form is PromptForm.CHAT:
            return self
        if takes_parts:
            files = self.layout.files if self.layout.files.inside else COMMENTS
            return replace(self, form=PromptForm.PARTS, layout=Layout("{prefix}", files), healed=None)
        if forces_start and self.healed is not None:
            return replace(self, layout=self.healed, healed=None)
        return self

    @property
    def rereads_suffix(self) -> bool:
        """Whether an engine reads the suffix anew at each key, since it comes behind the prefix."""
        infill = self.layout.infill
        return self.form is PromptForm.RAW and 0 <= infill.find("{prefix}") < infill.find("{suffix}")

    def render(self, prompt: Prompt) -> str:
        """Return the text for the model: the raw prompt, the prefix part, or the chat's user text."""
        return self.layout.render(prompt)


def _family(name: str, title: str, layout: Layout, end: str, others: str = "") -> Family:
    """A raw family whose ``stops`` begin with ``end``: both are lists of tokens, parted by blanks.

    The markers of the infill itself are stops as well.
    """
    markers = layout.infill.replace("{prefix}", " ").replace("{suffix}", " ").split()
    stops = tuple(dict.fromkeys((*end.split(), *markers, *others.split())))
    return Family(name, title, layout, stops, stops)


_PIPED: Final = "<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>"
_PLAIN: Final = "<fim_prefix>{prefix}<fim_suffix>{suffix}<fim_middle>"

# Mistral's own encoder writes the suffix first and no [MIDDLE]. The sections of other files are those of
# Continue; the text of a section's head doubles as a stop, since the model likes to go on with one.
_CODESTRAL: Final = Family(
    "codestral",
    "Codestral",
    Layout(
        "[SUFFIX]{suffix}[PREFIX]{prefix}",
        Files(other="+++++ {path}\n{text}\n\n", current="+++++ {path}\n", inside=True),
    ),
    stops=("\n+++++ ", "[SUFFIX]", "[PREFIX]", "[MIDDLE]", "</s>"),
    control_tokens=("\n+++++ ", "[SUFFIX]", "[PREFIX]", "[MIDDLE]", "[INST]", "[/INST]", "<s>", "</s>"),
)

# Prefix-first is the documented form. With the start forced, the suffix-first variant keeps the server's
# cache while the user types, and completed better on two small models (quality notes, addendum).
_QWEN_FILES: Final = Files(
    start="<|repo_name|>workspace\n", other="<|file_sep|>{path}\n{text}\n", current="<|file_sep|>{path}\n"
)
_QWEN: Final = replace(
    _family(
        "qwen",
        "Qwen2.5-Coder and Qwen3-Coder",
        Layout(_PIPED, _QWEN_FILES),
        "<|endoftext|> <|im_end|> <|file_sep|> <|fim_pad|>",
        "<|repo_name|> <|im_start|>",
    ),
    healed=Layout("<|fim_prefix|><|fim_suffix|>{suffix}<|fim_middle|>{prefix}", _QWEN_FILES),
)

# Their one name for the plain markers hides three ways to show files (StarCoder2 paper, appendix; model
# cards).
_STARCODER2: Final = _family(
    "starcoder2",
    "StarCoder and StarCoder2",
    Layout(
        _PLAIN,
        Files(
            start="<repo_name>workspace",
            other="<file_sep>{path}\n{text}",
            current="<file_sep>",
            between="{path}\n",
        ),
    ),
    "<|endoftext|> <file_sep>",
    "<fim_pad> <repo_name>",
)
_CODEQWEN: Final = _family(
    "codeqwen",
    "CodeQwen1.5",
    Layout(
        _PLAIN,
        Files(
            start="<reponame>workspace\n", other="<file_sep>{path}\n{text}\n", current="<file_sep>{path}\n"
        ),
    ),
    "<|endoftext|> <file_sep> <|im_end|>",
    "<fim_pad> <reponame> <|im_start|>",
)
_MELLUM: Final = _family(
    "mellum",
    "JetBrains Mellum",
    Layout(
        "<fim_suffix>{suffix}<fim_prefix>{prefix}<fim_middle>",
        Files(other="<filename>{path}\n{text}\n", current="<filename>{path}\n", always=True),
    ),
    "<|endoftext|> <filename>",
    "<fim_pad> <reponame> <file_sep> <|im_start|> <|im_end|>",
)

_DEEPSEEK: Final = _family(
    "deepseek",
    "DeepSeek-Coder and DeepSeek-Coder-V2",
    Layout(
        "<｜fim▁begin｜>{prefix}<｜fim▁hole｜>{suffix}<｜fim▁end｜>",  # noqa: RUF001 - their own marks
        Files(other="#{path}\n{text}\n", current="#{path}\n", inside=True),
    ),
    "<｜end▁of▁sentence｜> <|EOT|>",  # noqa: RUF001 - as above
    "<｜begin▁of▁sentence｜> <｜User｜> <｜Assistant｜>",  # noqa: RUF001 - as above
)
_CODELLAMA: Final = _family(
    "codellama", "Code Llama", Layout("<PRE> {prefix} <SUF>{suffix} <MID>", COMMENTS), "<EOT> </s>"
)
_CODEGEMMA: Final = _family(
    "codegemma",
    "CodeGemma",
    Layout(_PIPED, COMMENTS),
    "<|file_separator|> <eos> <end_of_turn>",
    "<bos> <start_of_turn>",
)
_GRANITE: Final = _family(
    "granite", "Granite Code (3B, 8B, 20B)", Layout(_PLAIN, COMMENTS), "<|endoftext|>", "<fim_pad>"
)
_GRANITE4: Final = _family(
    "granite4", "Granite 4", Layout(_PIPED, COMMENTS), "<|end_of_text|> <|fim_pad|>", "<|start_of_role|>"
)
# The card and the paper write the suffix first; some clients write the prefix first.
_SEED_CODER: Final = _family(
    "seed-coder",
    "Seed-Coder",
    Layout("<[fim-suffix]>{suffix}<[fim-prefix]>{prefix}<[fim-middle]>", COMMENTS),
    "<[end▁of▁sentence]> <[SEP▁TOKEN]> <[PAD▁TOKEN]>",
    "<[begin▁of▁sentence]>",
)
_STABLE_CODE: Final = _family(
    "stable-code",
    "Stable Code",
    Layout(_PLAIN, COMMENTS),
    "<|endoftext|> <file_sep>",
    "<fim_pad> <|im_start|> <|im_end|>",
)

_CHAT: Final = Family(
    "chat",
    "any instruct model, asked in words",
    Layout(
        "{prefix}" + HOLE + "{suffix}",
        Files(
            other="File {path}:\n{text}\n\n", current="File to complete, {path}:\n", inside=True, always=True
        ),
    ),
    stops=(HOLE,),
    control_tokens=(HOLE, "<|im_start|>", "<|im_end|>", "<|eot_id|>", "<|endoftext|>", "[INST]", "[/INST]"),
    form=PromptForm.CHAT,
    system=(
        f"You complete code. The user sends a file in which {HOLE} marks the cursor. Answer with exactly the "
        f"text that belongs in place of {HOLE}, with its indentation: no explanation, no Markdown, and "
        "nothing of what stands before or after it."
    ),
)

FAMILIES: Final = {
    family.name: family
    for family in (
        _CODESTRAL,
        _QWEN,
        _DEEPSEEK,
        _STARCODER2,
        _CODELLAMA,
        _CODEGEMMA,
        _GRANITE,
        _GRANITE4,
        _MELLUM,
        _SEED_CODER,
        _STABLE_CODE,
        _CODEQWEN,
        _CHAT,
    )
}
"""Every family by its name, as the setting ``family`` spells it."""
