"""Tools of maintainers: `make lock`, `make audit`, `make release`, `make bundle`. Nothing that runs imports them."""
