"""The published description: OpenAPI 3.1 that is true of itself."""

import json

import jsonschema

from promises.api.operations import ALL
from promises.http.permissions import access_of


def test_description_is_openapi_3_1_and_every_reference_leads_somewhere(contract):
    document = contract.document
    assert document["openapi"] == "3.1.0"
    assert document["info"]["title"] == "Lupaus" and document["info"]["version"]
    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split('"$ref": "#/')[1:]}
    assert names
    for name in names:
        found = document
        for step in name.split("/"):
            found = found[step]
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_operation_is_described_with_scope_and_errors(contract, app):
    seen = set()
    for method, path, operation in contract.operations():
        declared = ALL[operation["operationId"]]
        seen.add(declared.name)
        assert operation["summary"] and operation["description"]
        assert operation["security"] == [{"key": [declared.scope.value]}]
        assert access_of(app, f"api_v1.{declared.name}", method.upper()).scope is declared.scope
        assert {"401", "403", "422", "500", "503"} <= set(operation["responses"])
        if method == "post":
            [header] = [p for p in operation["parameters"] if p["in"] == "header"]
            assert header["name"] == "Idempotency-Key" and header["required"]
            assert {"400", "409", "413", "415"} <= set(operation["responses"])
        assert path.startswith("/api/v1/")
    assert seen == set(ALL)


def test_every_example_fits_its_own_schema(contract):
    for _method, _path, operation in contract.operations():
        declared = ALL[operation["operationId"]]
        content = operation["responses"][str(declared.status)]["content"]["application/json"]
        contract.check(content["schema"], content["example"])
        if declared.body:
            content = operation["requestBody"]["content"]["application/json"]
            contract.check(content["schema"], content["example"])
    for response in contract.document["components"]["responses"].values():
        content = response["content"]["application/problem+json"]
        contract.check(content["schema"], content["example"])


def test_bodies_and_queries_are_closed(contract):
    for name, schema in contract.document["components"]["schemas"].items():
        assert schema["additionalProperties"] is False, name


def test_every_address_below_the_api_is_an_operation_or_public_reading(contract, app):
    described = {path for _method, path, _operation in contract.operations()}
    rules = {rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api")}
    others = {
        rule for rule in rules if rule.replace("<uuid:", "{").replace(">", "}") not in described
    }
    public = ("openapi.json", "docs", "problems", "terms.schema.json")
    assert others == {f"/api/v1/{page}" for page in public}


def test_shape_of_terms_is_published_for_everybody(client):
    answer = client.get("/api/v1/terms.schema.json")
    assert answer.status_code == 200
    assert answer.content_type == "application/schema+json"
    schema = answer.get_json(force=True)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"].endswith("/api/v1/terms.schema.json")
    terms = {"format": 2, "currency": "EUR", "facts": {"late": "boolean"}}
    shape = jsonschema.Draft202012Validator(schema)
    assert not shape.is_valid(terms)
    shape.validate({**terms, "broken_when": {"true": "late"}})
