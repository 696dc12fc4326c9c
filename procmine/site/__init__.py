"""Pages of the installation itself: health, source, the demo's sign-in link."""
