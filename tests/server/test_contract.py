"""routes.c, openapi.yaml and the answers of a running server say the same."""
import re
import unittest
import urllib.parse

import jsonschema
import yaml

import shop

METHODS = ("get", "post", "put", "patch", "delete")


def described():
    with open(shop.SOURCE / "server" / "http" / "openapi.yaml") as f:
        return yaml.safe_load(f)


def operations(api):
    return {(m.upper(), path): op for path, item in api["paths"].items() for m, op in item.items() if m in METHODS}


class Contract(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.api = described()
        cls.operations = operations(cls.api)
        cls.scope = shop.serving()
        cls.server = cls.scope.__enter__()
        cls.driven = {}

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def resolve(self, node):
        while "$ref" in node:
            at = self.api
            for part in node["$ref"][2:].split("/"):
                at = at[part]
            node = at
        return node

    def check(self, method, path, template, status, body=None, headers=None):
        """Asks, and holds the answer against the operation's description of that status."""
        answer = self.server.ask(method, path, body, headers=headers)
        self.assertEqual(answer.status, status, (method, path, answer.body[:500]))
        responses = self.operations[method, template]["responses"]
        self.assertIn(str(status), responses, f"{method} {template} does not describe {status}")
        self.driven.setdefault((method, template), set()).add(status)
        content = self.resolve(responses[str(status)]).get("content", {})
        kind = answer.headers.get("content-type", "").split(";")[0]
        if not content:
            self.assertEqual(answer.body, b"")
            return answer
        self.assertIn(kind, content)
        if kind.endswith("json"):
            resolver = jsonschema.RefResolver("", self.api) # "#/components/..." is looked up in the description
            jsonschema.Draft202012Validator(content[kind]["schema"], resolver=resolver).validate(answer.json)
        return answer

    def test_the_same_operations_are_routed_and_described(self):
        text = (shop.SOURCE / "server" / "http" / "routes.c").read_text()
        routed = set(re.findall(r'\{"([A-Z]+)",\s+"([^"]+)"', text))
        self.assertTrue(routed)
        self.assertEqual(routed, set(self.operations))

    def test_guarded_routes_are_described_with_a_key(self):
        text = (shop.SOURCE / "server" / "http" / "routes.c").read_text()
        admin = set(re.findall(r'\{"([A-Z]+)",\s+"([^"]+)",\s+\w+,\s+ADMIN', text))
        described_as_guarded = {k for k, op in self.operations.items() if op.get("security") == [{"key": []}]}
        self.assertEqual(admin, described_as_guarded)

    def test_every_reference_resolves_and_every_operation_has_an_id(self):
        def walk(node):
            if isinstance(node, dict):
                if "$ref" in node:
                    self.resolve(node)
                for v in node.values():
                    walk(v)
            elif isinstance(node, list):
                for v in node:
                    walk(v)
        walk(self.api)
        ids = [op["operationId"] for op in self.operations.values()]
        self.assertEqual(len(set(ids)), len(ids))
        self.assertEqual(self.server.get("/openapi.yaml").body, (shop.SOURCE / "server" / "http" / "openapi.yaml").read_bytes())

    def test_answers_are_as_described(self):
        c = self.check
        product = c("GET", "/v1/products?limit=3", "/v1/products", 200).json["items"][0]
        tag = self.server.get("/v1/products", limit=3).headers["etag"]
        c("GET", "/v1/products?limit=3", "/v1/products", 304, headers={"If-None-Match": tag})
        c("GET", "/v1/products?limit=-3", "/v1/products", 422)
        one = "/v1/products/" + urllib.parse.quote(product["id"], safe="")
        c("GET", one, "/v1/products/{id}", 200)
        c("GET", "/v1/products/none", "/v1/products/{id}", 404)
        c("GET", "/v1/products?facets=category,brand,price,rating,attr.colour&rating_min=4", "/v1/products", 200)
        c("GET", "/v1/products?fields=title,stock", "/v1/products", 200)
        c("GET", "/v1/categories", "/v1/categories", 200)
        c("GET", "/v1/search?q=a+b&facets=brand,price", "/v1/search", 200)
        c("GET", "/v1/search?q=a&fields=title,stock", "/v1/search", 200)
        c("GET", "/v1/search?q=x&sort=best", "/v1/search", 422)
        c("GET", "/v1/search/suggest?q=a", "/v1/search/suggest", 200)
        c("GET", "/v1/search/suggest", "/v1/search/suggest", 422)
        item = c("GET", "/v1/trending", "/v1/trending", 200).json["items"][0]["id"]
        c("GET", "/v1/trending?limit=no", "/v1/trending", 422)
        related = f"/v1/products/{urllib.parse.quote(item, safe='')}/related"
        c("GET", related, "/v1/products/{id}/related", 200)
        c("GET", "/v1/products/none/related", "/v1/products/{id}/related", 404)
        event = {"type": "view", "session": "contract", "item": item}
        c("POST", "/v1/events", "/v1/events", 200, [event, {}])
        c("POST", "/v1/events?atomic=true", "/v1/events", 422, [event, {}])
        c("POST", "/v1/events", "/v1/events", 415, "x", {"Content-Type": "text/plain"})
        c("POST", "/v1/events", "/v1/events", 413, "x" * (3 << 20), {"Content-Type": "application/json"})
        c("GET", "/v1/recommendations?session=contract&explain=true", "/v1/recommendations", 200)
        c("POST", "/v1/recommendations", "/v1/recommendations", 200, {"items": [item], "explain": True})
        c("POST", "/v1/recommendations", "/v1/recommendations", 200, {"requests": [{}, {"session": "contract"}]})
        c("POST", "/v1/recommendations", "/v1/recommendations", 422, {"limit": 0})
        c("GET", "/healthz", "/healthz", 200)
        c("GET", "/readyz", "/readyz", 200)
        c("GET", "/openapi.yaml", "/openapi.yaml", 200)
        self.check_admin(item)
        undriven = set(self.operations) - {k for k, seen in self.driven.items() if seen & {200, 202}}
        self.assertEqual(undriven, set(), "every operation is driven to a good answer")

    def check_admin(self, item):
        c = self.check
        rows = f"user,item,type,time\nu1,{item},view,2026-01-01T00:00:00Z\n".encode()
        job = c("POST", "/v1/admin/imports?kind=events&map=user%3Duser%2Citem%3Ditem%2Ctype%3Dtype%2Ctime%3Dtime", "/v1/admin/imports", 202,
                rows, {"Content-Type": "text/csv"}).json["id"]
        c("POST", "/v1/admin/imports?kind=x", "/v1/admin/imports", 422, rows)
        self.assertEqual(self.server.await_job(job)["state"], "succeeded")
        job = c("POST", "/v1/admin/trainings", "/v1/admin/trainings", 202, {"factors": 8, "iterations": 2}).json["id"]
        c("POST", "/v1/admin/trainings", "/v1/admin/trainings", 422, {"factors": -1})
        c("GET", f"/v1/admin/jobs/{job}/events", "/v1/admin/jobs/{id}/events", 200)
        c("GET", "/v1/admin/jobs/777/events", "/v1/admin/jobs/{id}/events", 404)
        c("GET", f"/v1/admin/jobs/{job}", "/v1/admin/jobs/{id}", 200)
        c("GET", "/v1/admin/jobs/777", "/v1/admin/jobs/{id}", 404)
        c("DELETE", f"/v1/admin/jobs/{job}", "/v1/admin/jobs/{id}", 409)
        long = self.server.post("/v1/admin/trainings", {"factors": 256, "iterations": 1000, "solver": "cholesky"}).json["id"]
        c("DELETE", f"/v1/admin/jobs/{long}", "/v1/admin/jobs/{id}", 202)
        self.server.await_job(long)
        c("GET", "/v1/admin/jobs", "/v1/admin/jobs", 200)
        c("GET", "/v1/admin/models", "/v1/admin/models", 200)
        c("POST", "/v1/admin/models/1/activate", "/v1/admin/models/{version}/activate", 200)
        c("POST", "/v1/admin/models/99/activate", "/v1/admin/models/{version}/activate", 404)
        c("PUT", "/v1/admin/synonyms", "/v1/admin/synonyms", 200, {"synonyms": [["a", "b"]]})
        c("PUT", "/v1/admin/synonyms", "/v1/admin/synonyms", 422, {"synonyms": [["a"]]})
        c("GET", "/v1/admin/synonyms", "/v1/admin/synonyms", 200)
        c("GET", "/metrics", "/metrics", 200)

    def test_a_server_without_a_model_answers_as_described(self):
        with shop.serving(fresh=True) as empty:
            full, type(self).server = self.server, empty
            try:
                self.check("GET", "/readyz", "/readyz", 503)
                self.check("GET", "/v1/trending", "/v1/trending", 503)
                self.check("GET", "/v1/recommendations", "/v1/recommendations", 503)
                self.check("POST", "/v1/recommendations", "/v1/recommendations", 503, {})
            finally:
                type(self).server = full


if __name__ == "__main__":
    unittest.main()
