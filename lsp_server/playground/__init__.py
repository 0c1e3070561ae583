"""The browser playground: one page on loopback that speaks LSP with a session of its own."""
