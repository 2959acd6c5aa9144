"""A visitor of the shop: keeps the cookie that the server gives, as a browser does."""
import json
import urllib.parse


def path_of(*parts):
    return "/" + "/".join(urllib.parse.quote(p, safe="") for p in parts)


class Visitor:
    def __init__(self, server, connection=None):
        self.server, self.connection, self.cookie, self.token = server, connection, None, None

    def ask(self, method, path, body=None, **headers):
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        elif self.cookie:
            headers["Cookie"] = self.cookie
            headers.setdefault("Sec-Fetch-Site", "same-origin")
        answer = self.server.ask(method, path, body, headers=headers, connection=self.connection)
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].split(";")[0]
        return answer

    def register(self, name):
        """Becomes a person, with what the guest has."""
        answer = self.post("/v1/account", {"email": f"{name}@shop.example", "password": "correct horse battery", "name": name, "bearer": True})
        assert answer.status == 201, answer.body
        self.token = answer.json["token"]
        return self

    def twin(self):
        """The same visitor on another connection."""
        twin = Visitor(self.server)
        twin.cookie = self.cookie
        return twin

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, body=None, **headers):
        return self.ask("POST", path, body, **headers)

    def put(self, path, body=None, **headers):
        return self.ask("PUT", path, body, **headers)

    def patch(self, path, body=None, **headers):
        return self.ask("PATCH", path, body, **headers)

    def delete(self, path, **headers):
        return self.ask("DELETE", path, **headers)

    def raw(self, method, path, text, kind="application/json", **headers):
        """A body that json.dumps would not write."""
        return self.ask(method, path, text.encode() if isinstance(text, str) else text, Content_Type=kind, **headers)

    def put_in(self, product, quantity, **more):
        return self.put(f"/v1/cart/items{path_of(product)}", {"quantity": quantity, **more})

    def recommended(self, limit=20, **query):
        answer = self.get("/v1/recommendations?" + urllib.parse.urlencode({"limit": limit, **query}))
        assert answer.status == 200, answer.body
        return [i["id"] for i in answer.json["items"]]


def problem(answer):
    """(status, code, first pointer) of a problem answer."""
    body = json.loads(answer.body)
    return answer.status, body["code"], body.get("errors", [{}])[0].get("pointer")
