"""The playground for drivers of its page: at the cursor of a case it suggests that case's text.

python case_playground.py --cases cases.json [--journal FILE] [arguments of playground]
"""

import argparse
import importlib.util
import sys
from pathlib import Path

from lsp_server.cli import playground
from lsp_server.testing.accept_cases import read_cases

SERVER = Path(__file__).parent.parent / "case_server.py"


def case_application():
    """The class of the scripted application, with what the page's panel asks for."""
    spec = importlib.util.spec_from_file_location("case_server", SERVER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    class CasesOfPages(module.CaseApplication):
        def explain(self):
            return {"requests": []}

    return CasesOfPages


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--journal", type=Path)
    playground.add_arguments(parser)
    orders = parser.parse_args()
    application = case_application()
    return playground.run(orders, lambda: application(read_cases(orders.cases), "auto", orders.journal))


if __name__ == "__main__":
    sys.exit(main())
