"""What cases do against a reference model, by what it is, and the cases behind each."""

from typing import Any

from models_mining.conformance.deviations import cases_with, deviations_of
from models_mining.core.drawing.nets import Net, Transition
from models_mining.models import CaseConformance, ReferenceModel
from streams.models import EventLog

NET = Net(
    places=("i", "o"),
    transitions=(Transition("Pack", ((0, 1),), ((1, 1),)), Transition("Ship", ((1, 1),), ((1, 1),))),
    initial=((0, 1),),
    final=((1, 1),),
)


def row(reference: ReferenceModel, case: str, **fields: Any) -> None:
    said = {"seq": 1, "length": 3, "closed": True, "fits": False, "count": 1} | fields
    CaseConformance.objects.create(reference=reference, case=case, **said)


def told(reference: ReferenceModel) -> dict[str, tuple[int, int, set[str]]]:
    rows = CaseConformance.objects.filter(reference=reference)
    return {
        one.sentence: (one.cases, one.open_cases, set(cases_with(rows, one).values_list("case", flat=True)))
        for one in deviations_of(reference)
    }


def test_deviations_from_a_net_are_grouped_by_activity_and_lead_to_their_cases(log: EventLog) -> None:
    net = {"kind": "petri-net", "nodes": [], "edges": [], "net": NET.to_data()}
    reference = ReferenceModel.objects.create(log=log, name="norm", kind="pnml", drawing=net, active=True)
    row(reference, "a", deviating="\x1fShip\x1fpray\x1f", count=2)
    row(reference, "b", deviating="\x1fShip\x1f", closed=False)
    row(reference, "c", deviating="\x1fShipX\x1f")
    row(reference, "d", count=0)
    row(reference, "e", count=0, fits=True)
    assert told(reference) == {
        "Ship where the model does not allow it": (2, 1, {"a", "b"}),
        "pray is not in the model": (1, 0, {"a"}),
        "ShipX is not in the model": (1, 0, {"c"}),
        "The case ended before it was through the model": (1, 0, {"d"}),
    }


def test_broken_rules_are_grouped_and_lead_to_their_cases_but_pending_ones_are_none(log: EventLog) -> None:
    kept = {"kind": "graph", "nodes": [], "edges": []}
    reference = ReferenceModel.objects.create(
        log=log, name="rules", kind="frozen", algorithm="declare", drawing=kept, active=True
    )

    def breach(rule: str, a: str, b: str, said: str, *, pending: bool = False) -> dict[str, Any]:
        return {"rule": rule, "activities": [a, b], "activity": b, "sentence": said, "pending": pending}

    broken = breach("response", "Päck", 'Sh"ip', "it has not followed")
    late = [breach("temporal_profile", "a", "b", f"b came {n} s after a") for n in (3, 4)]
    row(reference, "a", breaches=[broken], deviating="\x1fx\x1f")
    row(reference, "b", breaches=[late[0], broken], deviating="\x1fx\x1f", count=2, closed=False)
    row(reference, "c", breaches=[late[1]], deviating="\x1fb\x1f")
    row(reference, "d", breaches=[{**broken, "sentence": "it has not followed so far", "pending": True}], count=0)
    assert told(reference) == {
        "it has not followed": (2, 1, {"a", "b"}),
        "b came sooner or later after a than usual": (2, 1, {"b", "c"}),
    }
