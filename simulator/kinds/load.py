"""The mapping ``load`` of a simulation."""

from simulator.emission.load import ConstantLoad, GradualLoad, Load, SinusLoad
from simulator.reading.fields import Fields

# Spelling → form; DEF's own README calls the constant one "load".
FORMS = {"constant": "constant", "load": "constant", "gradual": "gradual", "sinus": "sinus"}


def read_load(simulation: Fields) -> Load:
    """The load of ``spec.load``; problems are reported, a stand-in is returned."""
    fields = simulation.section("load")
    if fields is None:
        return ConstantLoad(0)
    form = fields.choice("loadBehavior", "loadType", known=FORMS)
    if form == "gradual":
        return GradualLoad(
            tick_count=fields.number("tickCount", above=0),
            minimal_load=fields.number("minimalLoad"),
            load=fields.number("load", "maximalLoad"),
        )
    if form == "sinus":
        return SinusLoad(
            mean=fields.number("mean"),
            amplitude=fields.number("amplitude"),
            phase=fields.number("phase", above=0),
        )
    return ConstantLoad(fields.number("load", "maximalLoad", minimum=0))
