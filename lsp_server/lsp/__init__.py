"""The language server protocol: the only room that knows pygls and lsprotocol."""
