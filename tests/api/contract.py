"""What the published description says, for tests to hold answers against."""

import jsonschema


class Contract:
    def __init__(self, document):
        self.document = document

    def operations(self):
        for path, item in self.document["paths"].items():
            for method in ("get", "post"):
                if method in item:
                    yield method, path, item[method]

    def schema(self, inner):
        return {"components": self.document["components"], **inner}

    def check(self, inner, value):
        validator = jsonschema.Draft202012Validator(
            self.schema(inner), format_checker=jsonschema.FormatChecker()
        )
        problems = [f"{e.json_path}: {e.message}" for e in validator.iter_errors(value)]
        assert problems == []

    def check_answer(self, method, path, response):
        """The response of an operation, by its own schema."""
        operation = self.document["paths"][path][method]
        stated = operation["responses"][str(response.status_code)]
        if "$ref" in stated:
            stated = self.document["components"]["responses"][stated["$ref"].rsplit("/", 1)[1]]
        content = stated["content"][response.content_type]
        self.check(content["schema"], response.json)
