"""Pure drawing: layered layouts and charts."""
