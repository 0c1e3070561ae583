"""The files for editors: they parse, and every name in them is one that exists."""

import importlib.util
import json
import re
import shlex
import sys
import tomllib
from pathlib import Path

import pytest

from lsp_server.cli import COMMANDS as SUBCOMMANDS
from lsp_server.cli import _parser
from lsp_server.config.editor import editor_layer
from lsp_server.config.layers import Inputs, resolve
from lsp_server.config.settings import Settings
from lsp_server.lsp.handlers.commands import COMMANDS

ROOT = Path(__file__).parents[2]
EDITORS = ROOT / "editors"
HELIX, JETBRAINS = EDITORS / "helix", EDITORS / "jetbrains" / "codestral-lsp"
READMES = sorted(EDITORS.glob("*/README.md"))
SECTIONS = ["Install", "Keys", "Settings", "What works and what does not", "Troubleshooting"]

COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*')
LAST_COMMA = re.compile(r",(?=\s*[}\]])")
FENCE = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
URL = re.compile(r"https?://([^/\s:)\"'`>]+)")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
DOCUMENTATION = ("docs.", "help.", "learn.", "developer.", "code.visualstudio.com", "www.gnu.org")
"""Beginnings of hosts that a README may point to: where others describe what is theirs."""


def with_comments(text):
    """JSON as Sublime and Zed read it: comments, and commas before a closer."""
    return json.loads(LAST_COMMA.sub("", COMMENT.sub(lambda found: found[1] or "", text)))


def problems_of(settings):
    """What is wrong with settings that an editor sends."""
    resolved = resolve(Inputs(editor=editor_layer(settings)))
    return [str(problem) for problem in resolved.problems]


# Helix.


@pytest.fixture(scope="module")
def languages():
    return tomllib.loads((HELIX / "languages.toml").read_text(encoding="utf-8"))


def test_helix_has_each_language_once(languages):
    names = [language["name"] for language in languages["language"]]
    assert len(names) == len(set(names)) > 30
    assert names == sorted(names)
    readme = (HELIX / "README.md").read_text(encoding="utf-8")
    assert f"servers of {len(names)} languages" in readme


def test_helix_keeps_its_own_servers_before_ours(languages):
    for language in languages["language"]:
        *own, ours = language["language-servers"]
        assert own
        assert all(isinstance(server, str) for server in own), language["name"]
        assert len(own) == len(set(own))
        assert ours == {
            "name": "codestral",
            "only-features": ["completion", "code-action", "workspace-command"],
        }
        assert set(language) == {"name", "language-servers"}, "all else is Helix' own"


def test_helix_starts_a_server_that_exists_with_settings_that_exist(languages):
    [(name, server)] = languages["language-server"].items()
    assert name == "codestral"
    assert set(server) <= {"command", "args", "config", "timeout", "environment"}
    assert server["command"] == "codestral-lsp"
    assert problems_of(server["config"]) == []


def test_helix_config_has_options_of_helix_alone():
    config = tomllib.loads((HELIX / "config.toml").read_text(encoding="utf-8"))
    assert set(config) == {"editor"}
    known = {
        "completion-timeout",
        "completion-trigger-len",
        "preview-completion-insert",
        "completion-replace",
    }
    assert set(config["editor"]) == known | {"lsp"}
    assert set(config["editor"]["lsp"]) <= {"display-progress-messages", "display-messages", "snippets"}


# JetBrains: the rules are those of LSP4IJ's deserializers and of its clientSettings.schema.json.

SYSTEMS = {"default", "windows", "mac", "unix"}
TASKS = {
    "exec": {"id", "name", "command", "workingDir", "timeout", "ignoreStderr", "onSuccess", "onFail"},
    "configureServer": {"id", "name", "command", "update", "onSuccess", "onFail"},
}
CLIENT_SETTINGS = {
    "caseSensitive": bool,
    "lineCommentPrefix": str,
    "blockCommentPrefix": str,
    "blockCommentSuffix": str,
    "statementTerminatorCharacters": str,
}


def of_template(name):
    return json.loads((JETBRAINS / name).read_text(encoding="utf-8"))


def test_the_template_has_the_files_that_lsp4ij_reads():
    known = {
        "template.json",
        "settings.json",
        "settings.schema.json",
        "initializationOptions.json",
        "experimental.json",
        "clientSettings.json",
        "installer.json",
        "workspaceFolderSettings.json",
        "README.md",
    }
    names = {path.name for path in JETBRAINS.iterdir()}
    assert names <= known, "what LSP4IJ does not read"
    assert {"template.json", "settings.json", "settings.schema.json", "installer.json"} <= names


def test_the_template_has_the_form_that_lsp4ij_reads():
    template = of_template("template.json")
    # An id would be made into the address of a page of LSP4IJ's own documentation, which there is not.
    assert set(template) == {"name", "programArgs", "fileTypeMappings", "languageMappings"}
    assert set(template["programArgs"]) <= SYSTEMS
    assert "default" in template["programArgs"]
    assert all("codestral-lsp" in command for command in template["programArgs"].values())
    for mapping in template["fileTypeMappings"]:
        assert set(mapping) == {"fileType", "languageId"}
        assert {"patterns"} <= set(mapping["fileType"]) <= {"name", "patterns"}
        assert all(isinstance(pattern, str) and pattern for pattern in mapping["fileType"]["patterns"])
    for mapping in template["languageMappings"]:
        assert set(mapping) == {"language", "languageId"}


def test_no_file_of_the_template_is_mapped_twice():
    template = of_template("template.json")
    patterns = [p for mapping in template["fileTypeMappings"] for p in mapping["fileType"]["patterns"]]
    languages = [mapping["language"] for mapping in template["languageMappings"]]
    assert len(patterns) == len(set(patterns)) > 80
    assert len(languages) == len(set(languages))
    files = {mapping["languageId"] for mapping in template["fileTypeMappings"]}
    assert {mapping["languageId"] for mapping in template["languageMappings"]} <= files


def test_the_clients_settings_are_those_that_lsp4ij_has():
    for name, value in of_template("clientSettings.json").items():
        assert isinstance(value, CLIENT_SETTINGS[name])


def test_the_installer_has_tasks_that_lsp4ij_has():
    installer = of_template("installer.json")
    assert set(installer) == {"id", "name", "executeOnStartServer", "check", "run"}
    assert installer["executeOnStartServer"] is False, "nothing is installed without being asked for"
    waiting = [installer["check"], installer["run"]]
    while waiting:
        [(kind, task)] = waiting.pop().items()
        assert set(task) <= TASKS[kind]
        commands = task["command"] if isinstance(task["command"], dict) else {"default": task["command"]}
        assert "default" in commands
        assert set(commands) <= SYSTEMS
        assert all(isinstance(command, str) and "codestral-lsp" in command for command in commands.values())
        waiting += [task[after] for after in ("onSuccess", "onFail") if after in task]


@pytest.fixture(scope="module")
def generate():
    specification = importlib.util.spec_from_file_location("generate", EDITORS / "jetbrains" / "generate.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_schema_is_in_step_with_the_settings(generate):
    schema = generate.editor_schema(generate.server_schema())
    assert generate.SCHEMA_FILE.read_text(encoding="utf-8") == generate.text_of(schema), (
        "run python editors/jetbrains/generate.py"
    )


def test_the_schema_has_what_an_editor_may_set_and_nothing_else(generate):
    schema = of_template("settings.schema.json")
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    sections = schema["properties"]["codestral"]["properties"]
    assert set(sections) == set(Settings.model_fields) - {"actions"}
    backend = schema["definitions"]["BackendSettings"]["properties"]
    assert "url" in backend
    assert not {"key_env", "key_file", "keyring", "trusted"} & set(backend)
    referred = set(re.findall(r'"\$ref": "#/definitions/(\w+)"', json.dumps(schema)))
    assert referred == set(schema["definitions"]), "no definition is missing, and none is left over"


def test_the_check_of_the_schema_fails_when_it_is_out_of_step(generate, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(generate, "SCHEMA_FILE", tmp_path / "settings.schema.json")
    monkeypatch.setattr("sys.argv", ["generate.py", "--check"])
    assert generate.main() == 1
    assert "not in step" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["generate.py"])
    assert generate.main() == 0
    monkeypatch.setattr("sys.argv", ["generate.py", "--check"])
    assert generate.main() == 0


# The others.


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("sublime/LSP.sublime-settings", ("clients", "codestral")),
        ("kate/settings.json", ("servers", "python")),
    ],
)
def test_a_client_starts_a_server_that_exists_with_settings_that_exist(path, keys):
    client = with_comments((EDITORS / path).read_text(encoding="utf-8"))
    for key in keys:
        client = client[key]
    assert client["command"] == ["codestral-lsp"]
    for sent in (client["initializationOptions"], client["settings"]):
        assert set(sent) == {"codestral"}
        assert problems_of(sent) == []


def test_zeds_settings_name_one_of_its_providers():
    settings = with_comments((EDITORS / "zed" / "settings.json").read_text(encoding="utf-8"))
    predictions = settings["edit_predictions"]
    assert set(predictions) == {"provider", predictions["provider"]}
    assert set(predictions["ollama"]) == {"api_url", "model", "prompt_format", "max_output_tokens"}


def test_kakounes_servers_are_toml():
    text = (EDITORS / "kakoune" / "codestral.kak").read_text(encoding="utf-8")
    [servers] = re.findall(r"lsp_servers %\{(.*?)^    \}", text, re.DOTALL | re.MULTILINE)
    [(name, server)] = tomllib.loads(servers).items()
    assert name == "codestral-lsp", "the command is the name"
    assert set(server) == {"root_globs", "settings_section", "settings"}
    assert set(server["settings"]) == {server["settings_section"]} == {"codestral"}


@pytest.mark.parametrize("name", ["settings.json", "initializationOptions.json"])
def test_what_jetbrains_sends_says_nothing_until_the_user_does(name):
    """What stood there would win over the user's own file."""
    assert of_template(name) == {"codestral": {}}


# READMEs.

every_readme = pytest.mark.parametrize("path", READMES, ids=lambda path: path.parent.name)


@every_readme
def test_a_readme_has_its_sections_in_order(path):
    headings = re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert [heading for heading in headings if heading in SECTIONS] == SECTIONS


@every_readme
def test_a_readme_holds_nothing_of_one_machine_or_of_other_hosts(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"/(?:work|tmp|root)/|/home/(?!me\b)\w|C:\\Users\\\w", text)
    hosts = [host for host in URL.findall(text) if host not in {"localhost", "127.0.0.1"}]
    assert [host for host in hosts if not host.startswith(DOCUMENTATION) and ".example" not in host] == []


@every_readme
def test_a_readme_is_plain(path):
    text = path.read_text(encoding="utf-8")
    assert "\u2014" not in text, "no em dashes"
    assert not re.search("[\u2600-\u27bf\U0001f300-\U0001faff]", text), "no emoji"


@every_readme
def test_the_links_of_a_readme_lead_somewhere(path):
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (path.parent / target).exists(), target


def orders(text):
    """The words behind ``codestral-lsp`` wherever a text shows it as a command, not in a message."""
    fenced = [line for _, block in FENCE.findall(text) for line in block.split("\n")]
    for line in [*fenced, *CODE.findall(FENCE.sub("", text))]:
        yield from re.findall(r"(?:^|[\s(])codestral-lsp (?!(?:not|is) )([a-z-][^|;)\"'`]*)", line)


def options_of(parser):
    """The options of a parser and of the parsers below it."""
    found = set(parser._option_string_actions)
    for action in parser._actions:
        if isinstance(action.choices, dict):
            for inner in action.choices.values():
                found |= options_of(inner)
    return found


@every_readme
def test_the_commands_in_a_readme_exist(path):
    for order in orders(path.read_text(encoding="utf-8")):
        words = shlex.split(order, comments=True)
        name = "serve" if words[0].startswith("-") else words[0]
        assert name in SUBCOMMANDS, order
        known = options_of(_parser(name))
        assert [word for word in words if word.startswith("--") and word not in known] == [], order


@every_readme
def test_the_language_servers_commands_in_a_readme_exist(path):
    named = set(re.findall(r"\bcodestral\.(?:action|[a-z]+)\b(?![.\w-])", path.read_text(encoding="utf-8")))
    elsewhere = {"codestral.kak", "codestral.el", "codestral.log", "codestral.lua", "codestral.vim"}
    sections = {f"codestral.{name}" for name in Settings.model_fields}
    assert named - elsewhere - sections <= set(COMMANDS) | {"codestral.setup"}


@every_readme
def test_the_settings_in_a_readme_exist(path):
    for language, block in FENCE.findall(path.read_text(encoding="utf-8")):
        if language == "json" and '"codestral": {' in block and '"clients"' not in block:
            tree = with_comments(block if block.lstrip().startswith("{") else f"{{{block}}}")
            assert problems_of(tree) == [], block
        if language == "toml" and "config.codestral" in block:
            tree = tomllib.loads(block)["language-server"]["codestral"]["config"]
            assert problems_of(tree) == [], block


# The steps of the READMEs whose editors cannot be run here, done in a fresh home.


@pytest.fixture
def follow(tmp_path):
    """Does the steps of an editor's README, and returns the home they were done in."""
    path = ROOT / "tests" / "editors" / "readme_steps.py"
    specification = importlib.util.spec_from_file_location("readme_steps", path)
    steps = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(steps)

    def run(name):
        environ = steps.fresh_environ(tmp_path, Path(sys.executable).parent)
        steps.follow(EDITORS / name / "README.md", environ)
        return tmp_path

    return run


def test_the_steps_for_helix_add_to_what_the_user_has(follow, tmp_path):
    path = tmp_path / ".config" / "helix" / "languages.toml"
    path.parent.mkdir(parents=True)
    path.write_text('[[language]]\nname = "python"\nlanguage-servers = ["pyright"]\n')
    follow("helix")
    merged = tomllib.loads(path.read_text())
    assert merged["language-server"]["codestral"]["command"] == "codestral-lsp"
    assert [language["name"] for language in merged["language"]].count("python") == 2, "the later one counts"


def test_the_steps_for_jetbrains_leave_a_template_to_import(follow):
    assert (follow("jetbrains") / "codestral-lsp" / "template.json").is_file()


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("sublime", ".config/sublime-text/Packages/User/LSP.sublime-settings"),
        ("kate", ".config/kate/lspclient/settings.json"),
        ("kakoune", ".config/kak/codestral.kak"),
    ],
)
def test_the_steps_for_others_leave_their_files_and_keep_those_of_the_user(follow, name, file):
    path = follow(name) / file
    assert "codestral" in path.read_text()
    if name != "kakoune":
        path.write_text("{}")
        follow(name)
        assert path.read_text() == "{}"


def test_kakounes_steps_load_its_file(follow):
    assert "codestral.kak" in (follow("kakoune") / ".config" / "kak" / "kakrc").read_text()
