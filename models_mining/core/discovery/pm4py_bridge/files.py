"""Model files (PNML, BPMN, PTML) as drawings, read by pm4py. Call it where time and memory are limited."""

from typing import Any, Literal
from xml.parsers import expat

from models_mining.core.conformance.references import UnfitError, checked
from models_mining.core.discovery.pm4py_bridge.bpmn import from_pm4py as bpmn_from_pm4py
from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.discovery.pm4py_bridge.nets import numbered
from models_mining.core.discovery.pm4py_bridge.trees import from_pm4py as tree_from_pm4py
from models_mining.core.drawing.bpmn import draw_bpmn
from models_mining.core.drawing.canonical import canonical
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.drawing.net_drawing import draw_net
from models_mining.core.drawing.nets import Net, NetError
from models_mining.core.drawing.trees import draw_tree

Form = Literal["pnml", "bpmn", "ptml"]

ROOTS: dict[Form, str] = {"pnml": "pnml", "bpmn": "definitions", "ptml": "ptml"}
"""The root element of each, whatever its namespace."""

MAX_DEPTH = 100  # of elements in each other


def read(form: Form, text: str) -> Drawing:
    """The drawing of a file, with its net; an UnfitError says what is wrong with it, and where if that is known."""
    data = text.encode()
    _look_through(form, data)
    load()
    try:
        return {"pnml": _pnml, "bpmn": _bpmn, "ptml": _ptml}[form](data)
    except (UnfitError, MemoryError):
        raise
    except NetError as error:
        raise UnfitError(f"The file is not understood: {error}.") from error
    except Exception as error:  # it fails in many ways on odd files
        raise UnfitError(f"pm4py cannot read this {form.upper()} file ({type(error).__name__}: {error}).") from error


def _look_through(form: Form, data: bytes) -> None:
    """Refuse what is not plain XML of this form, before anything is built of it."""
    parser = expat.ParserCreate(namespace_separator=" ")
    depth = 0

    def where(said: str) -> UnfitError:
        return UnfitError(f"{said} (line {parser.CurrentLineNumber}, column {parser.CurrentColumnNumber + 1}).")

    def doctype(*_: Any) -> None:
        raise where("A document type definition is not taken here, as it may define entities without end")

    def declared(_: str, encoding: str | None, __: int) -> None:
        if encoding is not None and encoding.lower() not in ("utf-8", "us-ascii"):
            raise where(f"The file says that it is {encoding}, but only UTF-8 is taken")

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        root = name.rpartition(" ")[2]
        if depth == 1 and root != ROOTS[form]:
            raise where(f"This is no {form.upper()} file: it begins with {root[:100]}, not with {ROOTS[form]}")
        if depth > MAX_DEPTH:
            raise where(f"More than {MAX_DEPTH} elements lie in each other")

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = doctype
    parser.XmlDeclHandler = declared
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        said = expat.ErrorString(error.code)
        raise UnfitError(f"This is not XML: {said} (line {error.lineno}, column {error.offset + 1}).") from error


def _pnml(data: bytes) -> Drawing:
    from pm4py.objects.petri_net.importer.variants import pnml

    net, initial, final = pnml.import_net_from_string(
        data, parameters={pnml.Parameters.AUTO_GUESS_FINAL_MARKING: False}
    )
    if not net.transitions:
        raise UnfitError("The file has no net: there is no transition in its last page.")
    return draw_net(_canonical(net, initial, final or {}))


def _bpmn(data: bytes) -> Drawing:
    from pm4py.objects.bpmn.importer.variants import lxml

    diagram = bpmn_from_pm4py(lxml.import_from_string(data))
    kinds = {kind for kind, _ in diagram.nodes}
    for kind in ("start", "end"):
        if kind not in kinds:
            raise UnfitError(f"The diagram has no {kind} event: it does not say where cases {kind}.")
    return draw_bpmn(diagram._replace(net=checked(diagram.net)))


def _ptml(data: bytes) -> Drawing:
    from pm4py.objects.process_tree.importer.variants import ptml

    tree = ptml.import_tree_from_string(data)
    return draw_tree(tree_from_pm4py(tree), _canonical(*load().convert_to_petri_net(tree)))


def _canonical(net: Any, initial: Any, final: Any) -> Net:
    """Checked first: a large net takes long to be put in order."""
    return canonical(checked(numbered(net, initial, final)[0]))
