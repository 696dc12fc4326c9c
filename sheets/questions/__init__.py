"""Questions of a sheet."""
