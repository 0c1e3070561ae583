"""Model endpoints: the only room that knows HTTP and the SDKs."""
