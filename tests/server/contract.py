"""openapi.yaml as something to ask and to check answers against. What to ask of each operation stands in asking.py."""
import datetime
import json
import re
import urllib.parse

import jsonschema
import yaml

import shop

METHODS = ("get", "post", "put", "patch", "delete")
ACCESS = ("public", "session", "owner", "admin")
# Answers of the HTTP core that any operation may give; info.description tells of them.
ANYWHERE = {400, 401, 403, 405, 408, 414, 429, 431, 501, 505}
EVERY_ANSWER = ("date", "x-request-id", "x-content-type-options", "content-security-policy", "referrer-policy", "cache-control")
FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def _is_time(value):  # of the library's own checks, this one needs a package more
    return not isinstance(value, str) or bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value) and
                                              datetime.datetime.fromisoformat(value[:19]))


class Operation:
    def __init__(self, method, path, spec, shared):
        self.method, self.path, self.spec, self.id = method.upper(), path, spec, spec["operationId"]
        self.access = spec.get("x-access")
        self.parameters = shared + spec.get("parameters", [])

    def __repr__(self):
        return f"{self.id} ({self.method} {self.path})"

    def url(self, path=None, query=None):
        """The target with its parameters filled in; a path parameter that is missing is an error of the test."""
        at = re.sub(r"\{(\w+)\}", lambda m: urllib.parse.quote(str(path[m[1]]), safe=""), self.path)
        return at + ("?" + urllib.parse.urlencode(query) if query else "")


class Api:
    def __init__(self):
        with open(shop.SOURCE / "server" / "http" / "openapi.yaml") as f:
            self.document = yaml.safe_load(f)
        self.operations = {}
        for path, item in self.document["paths"].items():
            shared = item.get("parameters", [])
            for method in METHODS:
                if method in item:
                    op = Operation(method, path, item[method], shared)
                    assert op.id not in self.operations, f"{op.id} is there twice"
                    self.operations[op.id] = op

    def resolve(self, node):
        while "$ref" in node:
            at = self.document
            for part in node["$ref"][2:].split("/"):
                at = at[part.replace("~1", "/").replace("~0", "~")]
            node = at
        return node

    def validate(self, schema, value):
        """Raises jsonschema.ValidationError. References are looked up in the description."""
        resolver = jsonschema.RefResolver("", self.document)
        jsonschema.Draft202012Validator(schema, resolver=resolver, format_checker=FORMATS).validate(value)

    def faults(self, op, answer):
        """What of the answer is not as described, as sentences."""
        missing = [h for h in EVERY_ANSWER if h not in answer.headers]
        if missing:
            yield f"has no {', '.join(missing)}"
        described = op.spec["responses"].get(str(answer.status))
        kind = answer.headers.get("content-type", "").split(";")[0]
        if described is None and answer.status not in ANYWHERE:
            yield f"{answer.status} is not described: {answer.body[:300]}"
        if kind == "application/problem+json":
            yield from self.problem_faults(answer, described)
        if described is None:
            return
        described = self.resolve(described)
        for name, header in described.get("headers", {}).items():
            header = self.resolve(header)
            if name.lower() not in answer.headers and header.get("required"):
                yield f"{answer.status} has no {name}"
        content = described.get("content", {})
        if not content and answer.body:
            yield f"{answer.status} has a body, which is not described"
        if content and kind not in content:
            yield f"{answer.status} is of type {kind}; {', '.join(content)} are described"
        elif content and kind.endswith("json"):
            try:
                self.validate(content[kind].get("schema", {}), answer.json)
            except jsonschema.ValidationError as e:
                yield f"{answer.status}: {e.json_path}: {e.message[:300]}"

    def problem_faults(self, answer, described):
        body = answer.json
        if body.get("status") != answer.status:
            yield f"the problem says {body.get('status')}, the status line {answer.status}"
        if body.get("request_id") != answer.headers.get("x-request-id"):
            yield "the problem has another request_id than X-Request-Id"
        if not re.fullmatch(r"[a-z_]+", body.get("code", "")):
            yield f"the problem's code is {body.get('code')!r}"
        anywhere = (answer.status, body.get("code")) in ((401, "authentication_required"), (403, "access_denied"))
        if described and not anywhere and f"`{body['code']}`" not in self.resolve(described).get("description", ""):
            yield f"{answer.status}: the code {body['code']} is not named in the description of this answer"

    def request_faults(self, op, body, kind):
        """A body that we call good must be good by the description, too."""
        if body is None:
            if op.spec.get("requestBody", {}).get("required"):
                yield "the description requires a body"
            return
        content = self.resolve(op.spec.get("requestBody", {})).get("content", {})
        if kind not in content and "*/*" not in content:
            yield f"a body of type {kind} is not described"
        elif kind == "application/json":
            try:
                self.validate(content[kind]["schema"], json.loads(body) if isinstance(body, (str, bytes)) else body)
            except jsonschema.ValidationError as e:
                yield f"the request is not as described: {e.json_path}: {e.message[:300]}"
