"""Recording: receive, store, acknowledge; republishing; health."""
