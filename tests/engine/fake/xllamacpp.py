"""Stands in for ``xllamacpp`` in the child process, without a model.

``FAKE_ENGINE`` chooses what happens: ``ok``, ``fail``, ``crash`` or ``hang``. ``FAKE_ENGINE_NOTES`` names a
file that is told what the child did. The server wants the key and answers ``/completion`` as llama.cpp
does, in the fields that matter.
"""

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SPIN_AT_IMPORT = os.environ.get("GOMP_SPINCOUNT")


class Strict:
    """Takes no attribute that it does not have, as the real classes."""

    def __setattr__(self, name, value):
        if not hasattr(type(self), name):
            raise AttributeError(name)
        super().__setattr__(name, value)


class Model(Strict):
    path = ""


class CpuParams(Strict):
    n_threads = -1


class CommonParams(Strict):
    model = None
    cpuparams = None
    cpuparams_batch = None
    hostnames = ("127.0.0.1",)
    port = 8080
    api_keys = ()
    cors_origins = "*"
    ui = True
    n_parallel = 1
    n_ctx = 0
    n_batch = 2048
    n_ubatch = 512
    cache_ram_mib = 8192
    fit_params = True
    sse_ping_interval = 30
    verbosity = 3

    def __init__(self):
        self.model = Model()
        self.cpuparams = CpuParams()
        self.cpuparams_batch = CpuParams()


class Server:
    def __init__(self, params):
        note(
            model=params.model.path,
            context=params.n_ctx,
            batch=[params.n_batch, params.n_ubatch],
            threads=[params.cpuparams.n_threads, params.cpuparams_batch.n_threads],
            hosts=params.hostnames,
            spin=SPIN_AT_IMPORT,
            arguments=sys.argv,
            folder=str(Path.cwd()),
            key_in_environment=any(params.api_keys[0] in value for value in os.environ.values()),
        )
        # Both are noise that must not be taken for the report.
        os.write(1, b"native noise on standard output\n")
        os.write(2, b"llama_model_load: error loading model: out of memory\n")
        behaviour = os.environ.get("FAKE_ENGINE", "ok")
        if behaviour == "fail":
            raise RuntimeError("Failed to init server, please check the input params.")
        if behaviour == "crash":
            os._exit(3)
        if behaviour == "hang":
            threading.Event().wait()
        handler = type("EngineHandler", (Handler,), {"key": params.api_keys[0]})
        server = ThreadingHTTPServer((params.hostnames[0], params.port), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.listening_address = f"http://{params.hostnames[0]}:{server.server_port}"


class Handler(BaseHTTPRequestHandler):
    key = ""

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers.get("Authorization") != f"Bearer {self.key}":
            self.answer(401, "application/json", b'{"error":{"code":401,"message":"Invalid API Key"}}')
        elif self.path == "/tokenize":
            tokens = body["content"].split()
            self.answer(200, "application/json", json.dumps({"tokens": tokens}).encode())
        elif body["prompt"] == "die":
            os._exit(9)
        else:
            events = [
                {"content": "a + ", "stop": False},
                {"content": "b", "stop": False},
                {"content": "", "stop": True, "stop_type": "eos", "timings": {"cache_n": 1, "prompt_n": 2}},
            ]
            stream = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
            self.answer(200, "text/event-stream", stream)

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def note(**values):
    path = os.environ.get("FAKE_ENGINE_NOTES")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")
