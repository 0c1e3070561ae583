"""``codestral-lsp config show | schema | trust ORIGIN``: settings in force, their schema, approvals."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lsp_server.config.layers import Resolved
from lsp_server.config.locations import ConfigFile
from lsp_server.config.settings import BackendSettings
from lsp_server.config.sources import Source


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands and their arguments."""
    commands = parser.add_subparsers(dest="action", metavar="show | schema | trust", required=True)
    show = commands.add_parser("show", help="each setting in force with its source, and what is wrong")
    show.add_argument("--json", action="store_true", help="print one JSON document")
    show.add_argument(
        "--workspace", type=Path, metavar="DIR", help="the workspace folder (default: the current folder)"
    )
    show.add_argument("--config", type=Path, metavar="F", help="the user file")
    commands.add_parser("schema", help="print the JSON schema of the settings")
    trust = commands.add_parser("trust", help="approve a remote origin that only an editor's settings name")
    trust.add_argument(
        "origin", metavar="ORIGIN", help="scheme://host[:port], for example https://llm.example.org"
    )


def run(args: argparse.Namespace) -> int:
    """Run the subcommand and return its exit status: 2 where the configuration or the usage is wrong."""
    if args.action == "show":
        return _show(args, os.environ)
    if args.action == "schema":
        from lsp_server.config.schema import schema

        _print_json(schema())
        return 0
    return _trust(args.origin, os.environ)


def report(file: ConfigFile, resolved: Resolved, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what ``config show --json`` prints. Keys are never in it, only where they come from."""
    settings = resolved.settings
    values = {
        path: {"value": _value(resolved, path), "source": str(source)}
        for path, source in resolved.origins.items()
        # The languages that are set have paths of their own.
        if not path.startswith(("backends.", "experiments.")) and path != "completion.languages"
    }
    backends = [_backend(backend, resolved, environ) for backend in settings.backends]
    problems = [{"source": str(p.source), "path": p.path, "message": str(p)} for p in resolved.problems]
    for backend in backends:
        if backend["key"]["problem"]:
            path = f"backends.{backend['name']}"
            problems.append({"source": str(Source.USER), "path": path, "message": backend["key"]["problem"]})
    return {
        "config_file": str(file.path),
        "config_file_exists": file.path.is_file(),
        "policy_valid": resolved.policy_valid,
        "remote_allowed": resolved.remote_allowed,
        "needs_approval": [{"backend": name, "origin": origin} for name, origin in resolved.needs_approval],
        "settings": values,
        "backends": backends,
        "experiments": [experiment.model_dump(mode="json") for experiment in settings.experiments],
        "problems": problems,
    }


def _show(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from lsp_server.config.load import load
    from lsp_server.config.locations import config_file

    resolved = load(args.config, environ, None, [(args.workspace or Path()).absolute()])
    document = report(config_file(environ, args.config), resolved, environ)
    if args.json:
        _print_json(document)
    else:
        _print_text(document)
    return 2 if document["problems"] else 0


def _trust(origin: str, environ: Mapping[str, str]) -> int:
    from lsp_server.config.approvals import Approvals
    from lsp_server.config.locations import data_folder
    from lsp_server.config.origins import exact_origin, parse_origin

    try:
        exact = exact_origin(origin)
    except ValueError as error:
        sys.stderr.write(f"codestral-lsp: the origin {error}; for example https://llm.example.org\n")
        return 2
    approvals = Approvals(data_folder(environ))
    try:
        approvals.approve(exact)
    except OSError as error:
        sys.stderr.write(f"codestral-lsp: {approvals.file} cannot be written: {error.strerror or error}\n")
        return 1
    sys.stdout.write(f"Code may now be sent to {exact} where an editor's settings name it.\n")
    if exact.startswith("http://") and not parse_origin(exact).loopback:
        sys.stdout.write("It goes there unencrypted, and no key is sent with it: use https if you can.\n")
    return 0


def _value(resolved: Resolved, path: str) -> Any:
    section, name, *rest = path.split(".", 2)
    value = getattr(getattr(resolved.settings, section), name)
    return value[rest[0]] if rest else value


def _backend(backend: BackendSettings, resolved: Resolved, environ: Mapping[str, str]) -> dict[str, Any]:
    from lsp_server.config.consent import origin_of
    from lsp_server.config.trust import is_remote

    origin = origin_of(backend)
    return {
        "name": backend.name,
        "origin": str(origin) if origin else None,
        "remote": is_remote(backend),
        "usable": backend in resolved.usable_backends,
        "allowed": resolved.allows(backend),
        "key": _key(backend, environ),
        "settings": {
            name: {"value": value, "source": str(resolved.origins[f"backends.{backend.name}.{name}"])}
            for name, value in backend
        },
    }


def _key(backend: BackendSettings, environ: Mapping[str, str]) -> dict[str, Any]:
    """Where the key comes from, whether it is there, and why it cannot be used."""
    from lsp_server.config.keys import KeyRefused, describe_key, resolve_key

    try:
        present, fault = resolve_key(backend, environ=environ) is not None, None
    except KeyRefused as error:
        present, fault = False, str(error)
    return {"from": describe_key(backend, environ) or None, "present": present, "problem": fault}


def _print_json(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


def _print_text(document: dict[str, Any]) -> None:
    there = "" if document["config_file_exists"] else " (not there)"
    lines = [f"user file: {document['config_file']}{there}", ""]
    rows = list(document["settings"].items())
    for backend in document["backends"]:
        rows += [
            (f"backends.{backend['name']}.{name}", entry)
            for name, entry in backend["settings"].items()
            if entry["source"] != "default"
        ]
    width = max(len(path) for path, _ in rows)
    lines += [f"{path:<{width}}  {json.dumps(entry['value'])}  ({entry['source']})" for path, entry in rows]
    lines += ["", *(_backend_line(backend) for backend in document["backends"])]
    lines.append(f"Remote backends are {'allowed' if document['remote_allowed'] else 'refused'}.")
    lines += [
        f"{entry['backend']} waits for your approval: codestral-lsp config trust {entry['origin']}"
        for entry in document["needs_approval"]
    ]
    lines += [f"problem: {problem['message']}" for problem in document["problems"]]
    sys.stdout.write("\n".join(lines) + "\n")


def _backend_line(backend: dict[str, Any]) -> str:
    place = "remote" if backend["remote"] else "local"
    use = "" if backend["allowed"] else ", refused: remote is not allowed"
    if not backend["usable"]:
        use = ", not in use until approved"
    key = backend["key"]
    told = f"; key from {key['from']}" + ("" if key["present"] else " (missing)") if key["from"] else ""
    return f"{backend['name']}: {backend['origin'] or 'embedded'} ({place}{use}){told}"
