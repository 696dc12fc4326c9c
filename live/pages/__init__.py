"""The HTML pages, one module each: it translates a request, asks those who know, and renders. Each lists its routes."""
