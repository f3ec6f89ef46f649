"""A guarded HTTP and WebSocket server, for the studio and for nodes that serve a page."""
