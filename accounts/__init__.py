"""Users, tokens, sign-in, groups, grants and the history of changes."""
