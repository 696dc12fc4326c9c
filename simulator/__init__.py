"""The simulator: reads Distributed Event Factory configurations and emits their events. It knows no other app."""
