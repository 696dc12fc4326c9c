"""What people and clients watch: the live socket, the start page and the live view."""
