"""routes.c, openapi.yaml and the answers of a running server say the same. What is asked stands in asking.py."""
import re
import sys
import unittest

import asking
import contract
import shop


def routed():
    """(method, path) -> access, as routes.c has it."""
    text = (shop.SOURCE / "server" / "http" / "routes.c").read_text()
    return {(m, p): access for m, p, access in re.findall(r'\{"([A-Z]+)",\s+"([^"]+)",\s+\w+,\s+(\w+)', text)}


class Description(unittest.TestCase):
    """What can be said without a server."""

    @classmethod
    def setUpClass(cls):
        cls.api = contract.Api()
        cls.operations = cls.api.operations.values()

    def test_the_same_operations_are_routed_and_described(self):
        self.assertTrue(routed())
        self.assertEqual(set(routed()), {(op.method, op.path) for op in self.operations})

    def test_every_operation_says_who_may_ask_and_the_routes_agree(self):
        for op in self.operations:
            with self.subTest(op.id):
                self.assertIn(op.access, contract.ACCESS, "x-access is wanted")
                route = routed()[op.method, op.path]
                # Whose something is, only its handler can tell.
                self.assertIn(op.access, {"ADMIN": ("admin",), "ACCOUNT": ("session", "owner"), "PUBLIC": ("public", "owner")}[route])

    def test_routes_that_take_an_idempotency_key_say_so(self):
        text = (shop.SOURCE / "server" / "http" / "routes.c").read_text()
        once = set(re.findall(r'\{"([A-Z]+)",\s+"([^"]+)",\s+\w+,\s+\w+,\s+(?:FILE_)?ONCE,', text))
        self.assertTrue(once)
        self.assertEqual(once, {(op.method, op.path) for op in self.operations
                                if "Idempotency-Key" in [self.api.resolve(p)["name"] for p in op.parameters]})

    def test_every_operation_has_a_summary_a_tag_and_the_errors_of_its_access(self):
        tags = {t["name"] for t in self.api.document["tags"]}
        for op in self.operations:
            with self.subTest(op.id):
                self.assertTrue(op.spec.get("summary"))
                self.assertLessEqual(set(op.spec.get("tags", [])), tags)
                self.assertTrue(op.spec.get("tags"))
                self.assertTrue(any(s.startswith(("2", "3")) for s in op.spec["responses"]))
                if op.access != "public":
                    self.assertIn("401", op.spec["responses"])
                if op.access == "admin":
                    self.assertIn("403", op.spec["responses"])

    def test_every_reference_resolves_and_every_schema_is_one(self):
        def walk(node, at="#"):
            if isinstance(node, dict):
                if "$ref" in node:
                    self.api.resolve(node)
                for k, v in node.items():
                    if k == "schema" or at == "#/components/schemas":
                        contract.jsonschema.Draft202012Validator.check_schema(v)
                    walk(v, f"{at}/{k}")
            elif isinstance(node, list):
                for v in node:
                    walk(v, at + "/-")
        walk(self.api.document)

    def test_every_path_parameter_is_described(self):
        for op in self.operations:
            named = {self.api.resolve(p)["name"] for p in op.parameters if self.api.resolve(p)["in"] == "path"}
            self.assertEqual(named, set(re.findall(r"\{(\w+)\}", op.path)), op)

    def test_examples_fit_their_schemas(self):
        def walk(node):
            if isinstance(node, dict):
                if "schema" in node and ("example" in node or "examples" in node):
                    many = [self.api.resolve(e)["value"] for e in node.get("examples", {}).values()] if isinstance(node.get("examples"), dict) else []
                    for value in many + ([node["example"]] if "example" in node else []):
                        self.api.validate(node["schema"], value)
                for v in node.values():
                    walk(v)
            elif isinstance(node, list):
                for v in node:
                    walk(v)
        walk(self.api.document)

    def test_the_examples_of_schemas_and_those_that_the_page_makes_fit(self):
        sys.path.insert(0, str(shop.SOURCE / "server" / "docs"))
        import render
        page = render.Page(self.api.document)
        for name, schema in self.api.document["components"]["schemas"].items():
            for value in schema.get("examples", []):
                with self.subTest(name):
                    self.api.validate(schema, value)
        for op in self.operations:
            contents = [op.spec.get("requestBody", {}), *(r for status, r in op.spec["responses"].items() if status.startswith("2"))]
            for media in (m for c in contents for kind, m in self.api.resolve(c).get("content", {}).items() if kind == "application/json"):
                with self.subTest(op.id):
                    for _, value in page.examples_of(media) or [("", page.sample(media["schema"]))]:
                        self.api.validate(media["schema"], value)

    def test_every_operation_has_a_row_to_be_asked_by_and_no_row_is_left_over(self):
        self.assertEqual(set(asking.GOOD), set(self.api.operations), "a row of GOOD in asking.py for each operation")
        self.assertLessEqual(set(asking.WRONG), set(self.api.operations))


class Answers(unittest.TestCase):
    """Every operation is asked, and every answer held against its description."""

    @classmethod
    def setUpClass(cls):
        cls.api = contract.Api()
        cls.scope = asking.serving()
        cls.server = cls.scope.__enter__()
        cls.admin = shop.run("key", "add", "contract", "--data", cls.server.data).strip()
        cls.server.await_closed()
        cls.world = asking.World(cls.server, cls.admin)

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        cls.scope.__exit__(None, None, None)
        assert code == 0, code

    def ask(self, op, parts, status):
        """Asks, and holds the answer against the description."""
        body, headers = parts.get("body"), dict(parts.get("headers", {}))
        answer = self.world.ask(op.method, op.url(parts.get("path"), parts.get("query")), body, headers, parts.get("key", self.admin))
        self.assertEqual(answer.status, status, (op, parts, answer.body[:500]))
        self.assertEqual(list(self.api.faults(op, answer)), [], (op, parts))
        return answer

    def test_every_operation_succeeds_as_described(self):
        for op in self.api.operations.values():
            with self.subTest(op.id):
                parts = asking.GOOD[op.id](self.world)
                kind = parts.get("headers", {}).get("Content-Type", "application/json")
                self.assertEqual(list(self.api.request_faults(op, parts.get("body"), kind)), [])
                answer = self.ask(op, parts, parts.get("status", 200))
                if op.method == "GET" and "etag" in answer.headers:
                    again = {**parts, "headers": {**parts.get("headers", {}), "If-None-Match": answer.headers["etag"]}}
                    self.ask(op, again, 304)
        self.world.settle()

    def test_wrong_requests_are_answered_as_described(self):
        for name, rows in asking.WRONG.items():
            for row in rows:
                status, parts = row(self.world) if callable(row) else row
                with self.subTest(name, status=status):
                    self.ask(self.api.operations[name], parts, status)
        self.world.settle()

    def test_a_parameter_that_nobody_knows_is_refused_everywhere(self):
        for op in self.api.operations.values():
            if op.method == "GET" and op.path.startswith("/v1/"):
                with self.subTest(op.id):
                    parts = asking.GOOD[op.id](self.world)
                    self.ask(op, {**parts, "query": {**parts.get("query", {}), "no-such-parameter": 1}}, 422)

    def test_the_description_is_served_as_it_is(self):
        self.assertEqual(self.server.get("/openapi.yaml").body, (shop.SOURCE / "server" / "http" / "openapi.yaml").read_bytes())

    def test_a_server_without_a_model_answers_as_described(self):
        with shop.serving(fresh=True) as empty:
            for name, parts in (("getReadiness", {}), ("listTrending", {}), ("getRecommendations", {}), ("postRecommendations", {"body": {}})):
                op = self.api.operations[name]
                answer = empty.ask(op.method, op.path, parts.get("body"))
                self.assertEqual(answer.status, 503)
                self.assertEqual(list(self.api.faults(op, answer)), [], op)


class Checker(unittest.TestCase):
    """The check itself sees what is wrong."""

    def test_answers_that_are_not_as_described_are_told_of(self):
        api = contract.Api()
        op = api.operations["getHealth"]
        base = {h: "x" for h in contract.EVERY_ANSWER}

        def faults(status, body, kind="application/json", **more):
            return list(api.faults(op, shop.Answer(status, {**base, "content-type": kind, **more}, body)))
        self.assertEqual(faults(200, b'{"status":"ok"}'), [])
        self.assertEqual(len(faults(200, b'{"status":"well"}')), 1)
        self.assertEqual(len(faults(200, b'{}')), 1)
        self.assertEqual(len(faults(200, b'{"status":"ok"}', "text/plain")), 1)
        self.assertEqual(len(faults(418, b'{"status":"ok"}')), 1)
        problem = b'{"status":400,"request_id":"y","code":"Bad","type":"about:blank","title":"t"}'
        self.assertEqual(len(faults(400, problem, "application/problem+json")), 2)
        del base["x-request-id"]
        self.assertEqual(len(faults(200, b'{"status":"ok"}')), 1)


if __name__ == "__main__":
    unittest.main()
