"""A server process for tests: ``serve`` over a scripted application, with faults to order.

python scripted_server.py [--reply TEXT] [--reply-bytes N] [--hold] [--busy-seconds S] [--hang-close]
                          [--leaky] [--noisy] [options of serve]
"""

import argparse
import asyncio
import logging
import subprocess
import sys
import time

from lsp_server.cli import serve
from lsp_server.testing.application import Message, ScriptedApplication, suggest


class Faulty(ScriptedApplication):
    """Takes the faults from the command line."""

    orders: argparse.Namespace

    async def start(self):
        await super().start()
        if self.orders.noisy:
            make_noise()
        if self.orders.busy_seconds:
            asyncio.get_running_loop().run_in_executor(None, time.sleep, self.orders.busy_seconds)
        self.notify(Message("info", "started"))

    async def complete(self, request):
        if self.orders.leaky:
            raise ValueError(f"cannot complete {request.cursor.document.text!r}")
        return await super().complete(request)

    def configure(self, tree):
        logging.getLogger("lsp_server.app").info("settings %s", tree)

    async def close(self):
        if self.orders.hang_close:
            await asyncio.sleep(60)
        await super().close()


def make_noise():
    """What careless libraries do: write to stdout, and let a child read stdin."""
    sys.stdout.write("noise of a library\n")
    sys.stdout.flush()
    subprocess.run([sys.executable, "-c", "print('noise', input())"], check=False)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--reply", default="answer")
    parser.add_argument("--reply-bytes", type=int, default=0)
    parser.add_argument("--hold", action="store_true")
    parser.add_argument("--busy-seconds", type=float, default=0)
    parser.add_argument("--hang-close", action="store_true")
    parser.add_argument("--leaky", action="store_true")
    parser.add_argument("--noisy", action="store_true")
    serve.add_arguments(parser)
    orders = parser.parse_args()

    def make():
        application = Faulty(suggest(orders.reply + "x" * orders.reply_bytes), menu="always")
        application.orders = orders
        if orders.hold:
            application.gate.clear()
        return application

    return serve.run(orders, make)


if __name__ == "__main__":
    sys.exit(main())
