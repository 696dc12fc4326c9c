"""The fields of a rule are declared once, in `rules.core.specs`: API, OpenAPI, form and documents have all of them."""

import html
import re
from pathlib import Path
from typing import Annotated, Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from yaml import safe_load

from rules.core.spec_fields import fields_of, says
from rules.core.specs import KINDS, CaseSpec, Condition, Name, Step
from rules.models import Rule
from streams.models import EventLog

FULL: dict[str, dict[str, Any]] = {  # of each kind, with all its fields
    "event": {"when": "event.activity == 'Cut'"},
    "sequence": {
        "steps": [
            {"when": "true"},
            {"when": "false", "absent": True},
            {"when": "event.seq > 3", "within_s": 90_061},
        ]
    },
    "timeout": {"after": "true", "until": "event.seq > 3", "within_s": 900},
    "case": {"duration_s": 3600, "length": 20, "repetitions": 3, "activity": "Cut"},
    "deviation": {"activities": ["Cut", "Paint"], "fitness_below": 0.8},
    "novelty": {"of": "edge", "warm_up": 0},
    "log": {"measure": "rate", "within_s": 60, "above": 2.5, "below": 0.5},
}


@pytest.fixture
def boss(client: Client, log: EventLog) -> Client:
    client.force_login(User.objects.create_superuser("boss"))
    return client


def sent(page: str) -> dict[str, str]:
    """What a browser would send of the form of a rule."""
    found = {}
    for tag in re.findall(r"<input[^>]*>", page):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ('type="checkbox"' not in tag or " checked" in tag):
            found[name[1]] = html.unescape(value[1]) if value else "on" if "checkbox" in tag else ""
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL):
        found[name] = html.unescape(text)
    for name, inner in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        found[name] = html.unescape("".join(re.findall(r'value="([^"]*)" selected', inner)))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_each_field_of_a_kind_is_taken_and_given_by_api_and_form(boss: Client, kind: str) -> None:
    spec = FULL[kind]
    assert set(spec) == {field.name for field in fields_of(KINDS[kind])}
    body = {"name": "r", "log": "factory", "kind": kind, **spec}
    made = boss.post("/api/v1/rules/", body, content_type="application/json")
    assert made.status_code == 201, made.content
    assert {name: made.json()[name] for name in spec} == spec
    rule = Rule.objects.get()
    assert rule.spec == spec
    address = f"/rules/{rule.pk}/"
    form = sent(boss.get(address).content.decode())
    rows = {f"step{n}_{field.name}" for n in range(3) for field in fields_of(Step)} - {"step0_within_s", "step0_absent"}
    unticked = {"step2_absent"}
    assert set(form) >= ((rows - unticked) if kind == "sequence" else set(spec))
    saved = boss.post(address, form | {"do": "save"})
    assert saved.status_code == 302, re.findall(r'class="wrong"[^>]*>.*', saved.content.decode())
    rule.refresh_from_db()
    assert (rule.version, rule.spec) == (2, spec)


def test_each_field_is_described_in_openapi_and_documentation(tmp_path: Path) -> None:
    file = tmp_path / "schema.yml"
    call_command("spectacular", file=str(file))
    schemas = safe_load(file.read_text())["components"]["schemas"]
    table = Path("docs/rules.md").read_text()
    for kind, spec in KINDS.items():
        (row,) = re.findall(rf"^\| `{kind}` \|.*$", table, re.MULTILINE)
        for field in fields_of(spec):
            assert f"`{field.name}`" in row, (kind, field.name)
            for schema in ("Rule", "RuleRequest", "PatchedRuleRequest"):
                if schema in schemas:
                    assert f"{kind}: {field.help}" in schemas[schema]["properties"][field.name]["description"]
    step = schemas["Rule"]["properties"]["steps"]["items"]["anyOf"][1]
    assert set(step["properties"]) == {field.name for field in fields_of(Step)}
    assert schemas["Rule"]["properties"]["within_s"]["minimum"] == 1


class ColouredSpec(CaseSpec):
    """A kind of rule with more fields."""

    colour: Annotated[Name | None, says("its colour.", "Colour of the case")] = None
    where: Annotated[Condition | None, says("CEL.", "Only where this is true")] = None
    loud: Annotated[bool, says("whether it shouts.", "Shout")] = False


def test_another_field_of_a_kind_is_one_edit(boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "case", ColouredSpec)
    body = {"name": "r", "log": "factory", "kind": "case", "length": 2, "colour": "red"}
    made = boss.post("/api/v1/rules/", body, content_type="application/json")
    assert (made.status_code, made.json()["colour"]) == (201, "red")
    address = f"/rules/{made.json()['id']}/"
    page = boss.get(address).content.decode()
    assert ">Colour of the case</label>" in page
    assert boss.post(address, sent(page) | {"do": "save", "colour": "blue"}).status_code == 302
    assert Rule.objects.get().spec == {"length": 2, "colour": "blue", "loud": False}
    wrong = boss.post("/api/v1/rules/", body | {"where": "true &&\n event.colour"}, content_type="application/json")
    (mistake,) = wrong.json()["errors"]
    assert (mistake["pointer"], mistake["line"]) == ("/where", 2)
    page = boss.post(address, sent(page) | {"do": "save", "where": "event.colour", "loud": "on"}).content.decode()
    assert re.search(r'id="wrong-where">.{0,200}undeclared reference', page, re.DOTALL)
    assert boss.post(address, sent(page) | {"do": "save", "where": "true"}).status_code == 302
    assert Rule.objects.get().spec == {"length": 2, "colour": "red", "where": "true", "loud": True}
    long = boss.post(address, sent(page) | {"do": "save", "colour": "x" * 256}).content.decode()
    assert re.search(r'id="wrong-colour">.{0,200}at most 255', long, re.DOTALL)
