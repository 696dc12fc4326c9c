"""Discovery of graphs and tables of relations."""
