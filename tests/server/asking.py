"""What to ask of each operation: one row of GOOD each, and as many of WRONG as its errors deserve.

GOOD[operationId](world) returns the parts of one request that must succeed, after making what the request needs:
    path={...} query={...} body=... headers={...} status=200
It is asked by test_contract.py (as the shop's admin, or as the person that `world.person()` has made) and by
test_access.py (as everybody). WRONG[operationId] is a list of (status, parts), or of functions of the world that return
such a pair. An operation that is described and has no row fails the tests: add its row with the operation.
"""
import contextlib
import hashlib
import hmac
import itertools
import json
import re
import shutil
import tempfile
import time

import shop

GOOD, WRONG = {}, {}
SECRET = "a secret of the payment provider"


@contextlib.contextmanager
def serving(*options):
    """A shop that every operation can be asked of."""
    with tempfile.NamedTemporaryFile("w") as f:
        f.write(SECRET)
        f.flush()
        with shop.serving("--payment-secret-file", f.name, *options) as server:
            yield server


def good(operation_id):
    def put(f):
        assert operation_id not in GOOD, operation_id
        GOOD[operation_id] = f
        return f
    return put


def wrong(operation_id, *rows):
    WRONG.setdefault(operation_id, []).extend(rows)


class World:
    """A served shop, and what rows may make in it. `admin` is a key."""

    def __init__(self, server, admin):
        self.server, self.admin = server, admin
        self.numbers = itertools.count(1)
        self.product = self.ask("GET", "/v1/products?limit=1").json["items"][0]["id"]
        self.known = self.ask("GET", "/v1/trending?limit=1").json["items"][0]["id"]  # by the model

    def ask(self, method, path, body=None, headers=None, key=None):
        return self.server.ask(method, path, body, headers=headers, key=key)

    def new(self, what):
        """A name that nobody has."""
        return f"{what}-{next(self.numbers)}"

    def person(self):
        """The token of somebody signed in; of two people in turn, who are registered when they are new or have left."""
        self.turn = 1 - getattr(self, "turn", 0)
        people = self.__dict__.setdefault("people", {})
        token = people.get(self.turn)
        if token is None or self.ask("GET", "/v1/account", key=token).status != 200:
            secret = {"email": self.new("ann") + "@shop.example", "password": "correct horse battery"}
            answer = self.ask("POST", "/v1/account", {**secret, "bearer": True})
            assert answer.status == 201, answer.body
            token = people[self.turn] = answer.json["token"]
            self.__dict__.setdefault("secrets", {})[token] = secret
        return token

    def me(self):
        """Whose affairs a row is about: the owner of the access test, else somebody."""
        token = getattr(self, "owner", None) or self.person()
        return token, self.secrets[token]

    def buyer(self):
        """The token of whoever owns what is made: a person's, or a new guest's."""
        if getattr(self, "owner", None):
            return self.owner
        cart = self.ask("PUT", f"/v1/cart/items/{made_product(self)}", {"quantity": 1})
        return cart.headers["set-cookie"].split(";")[0].split("=", 1)[1]

    def training(self, **settings):
        body = {"factors": 8, "iterations": 2, **settings}
        return self.ask("POST", "/v1/admin/trainings", body, key=self.admin).json["id"]

    def settle(self, cancel=False):
        """Waits for every job, or cancels it, so that the next one is not behind it."""
        end = time.monotonic() + 60
        while True:
            going = [j["id"] for j in self.ask("GET", "/v1/admin/jobs", key=self.admin).json["items"] if j["state"] in ("queued", "running")]
            if not going:
                return
            for job in going if cancel else []:
                self.ask("DELETE", f"/v1/admin/jobs/{job}", key=self.admin)
            assert time.monotonic() < end, f"jobs {going} do not end"
            time.sleep(0.05)


# ---- catalogue, recommendations ----

good("listProducts")(lambda w: {"query": {"limit": 3, "facets": "category,brand,price,rating,attr.colour", "fields": "title,stock"}})
wrong("listProducts", (422, {"query": {"limit": 0}}), (422, {"query": {"colour": "red"}}))

good("listCategories")(lambda w: {})

good("getProduct")(lambda w: {"path": {"id": w.product}})
wrong("getProduct", (404, {"path": {"id": "none"}}))

good("listRelated")(lambda w: {"path": {"id": w.known}})
wrong("listRelated", (404, {"path": {"id": "none"}}), lambda w: (422, {"path": {"id": w.known}, "query": {"intent": "no"}}))

good("listTrending")(lambda w: {"query": {"window": "24h"}})
wrong("listTrending", (422, {"query": {"limit": "no"}}), (422, {"query": {"window": "2h"}}))

good("getRecommendations")(lambda w: {"query": {"explain": "true", "price_min": 1}})
wrong("getRecommendations", (422, {"query": {"limit": 1000}}))

good("postRecommendations")(lambda w: {"body": {"requests": [{"items": [w.known], "explain": True}, {},
                                                             {"filter": {"or": [{"price_min": 1}, {"attributes": {"x": {"exists": True}}}]},
                                                              "boost": [{"filter": {"price_min": 2}, "by": 2}], "diversity": .5,
                                                              "max_per_category": 3, "max_per_brand": 3, "min_score": -9}]}})
wrong("postRecommendations", (422, {"body": {"limit": 0}}), (422, {"body": []}), (422, {"body": {"requests": []}}),
      (422, {"body": {"filter": {"not": {"colour": "red"}}}}), (404, {"body": {"next": "x"}}),
      (422, {"body": {"boost": [{"filter": {}, "by": 2}] * 9}}), (422, {"body": {"diversity": 2}}))

good("getScenarios")(lambda w: {})
good("putScenarios")(lambda w: {"body": {"scenarios": [{"name": "x", "steps": [{"source": "viewed", "filter": {"price_min": 1}}, {"source": "newest", "share": 0.5}]}]}})
wrong("putScenarios", (422, {"body": {"scenarios": [{"name": "x", "steps": []}]}}), (409, {"body": {"version": 99, "scenarios": []}}),
      (415, {"body": "{}", "headers": {"Content-Type": "text/plain"}}), (413, {"body": "x" * 300000, "headers": {"Content-Type": "application/json"}}))
good("rankProducts")(lambda w: {"body": {"items": [w.known, "nobody knows"], "context": [w.known]}})
wrong("rankProducts", (422, {"body": {}}), (422, {"body": {"items": []}}))
good("listNeighbours")(lambda w: {"path": {"id": "u1"}})
wrong("listNeighbours", (404, {"path": {"id": "none"}}), (422, {"path": {"id": "u1"}, "query": {"limit": 0}}))

# ---- accounts ----

good("addAccount")(lambda w: {"body": {"email": w.new("bob") + "@shop.example", "password": "correct horse battery", "name": "Bob"}, "status": 201})
wrong("addAccount", lambda w: (409, {"body": {**w.me()[1]}}), (422, {"body": {"email": "x", "password": "password"}}),
      (422, {"body": {"email": "eve@shop.example", "password": "correct horse battery", "admin": True}}),
      (415, {"body": "{}", "headers": {"Content-Type": "text/plain"}}), (413, {"body": "x" * 70000, "headers": {"Content-Type": "application/json"}}))

good("getAccount")(lambda w: {"key": w.me()[0]})
wrong("getAccount", (401, {"key": "ast_" + "A" * 43}))

good("changeAccount")(lambda w: {"key": w.me()[0], "body": {"gender": "f", "name": None}})
wrong("changeAccount", lambda w: (422, {"key": w.me()[0], "body": {"admin": True}}))


def own(w, status, **body):
    """About one person: key and body of the same."""
    token, secret = w.me()
    return {"key": token, "status": status, "body": {k: secret["password"] if v is None else v for k, v in body.items()}}


good("eraseAccount")(lambda w: own(w, 204, password=None))
wrong("eraseAccount", lambda w: (422, own(w, 422, password="not the password")))

good("changePassword")(lambda w: own(w, 204, current_password=None, new_password=None))  # the same again
wrong("changePassword", lambda w: (422, own(w, 422, current_password="wrong", new_password="a better password")),
      lambda w: (422, own(w, 422, current_password=None, new_password="qwerty123")))

good("exportAccount")(lambda w: {"key": w.me()[0]})

good("signIn")(lambda w: {"body": {**w.me()[1], "bearer": True}, "status": 201})
wrong("signIn", lambda w: (401, {"body": {**w.me()[1], "password": "wrong"}}), (422, {"body": {}}), (401, {"body": {"email": "no@body", "password": "x"}}))

good("getSession")(lambda w: {"key": w.me()[0]})
good("signOut")(lambda w: {"status": 204})
good("listSessions")(lambda w: {"key": w.me()[0]})


@good("endSession")
def _(w):
    token, secret = w.me()
    other = w.ask("POST", "/v1/session", {**secret, "bearer": True}).json["session"]["id"]
    return {"key": token, "path": {"id": other}, "status": 204}


wrong("endSession", lambda w: (404, {"key": w.me()[0], "path": {"id": 777777}}))

# ---- search ----

good("search")(lambda w: {"query": {"q": "a b", "facets": "brand,price", "fields": "title,stock"}})
wrong("search", (422, {}), (422, {"query": {"q": "x", "sort": "best"}}), (422, {"query": {"q": "x" * 513}}))

good("suggest")(lambda w: {"query": {"q": "a"}})
wrong("suggest", (422, {}))

good("pinModel")(lambda w: {"path": {"version": 1}})
wrong("pinModel", (404, {"path": {"version": 999}}))


@good("unpinModel")
def _(w):
    w.ask("POST", "/v1/admin/models/1/pin", key=w.admin)
    return {"path": {"version": 1}, "status": 204}


wrong("unpinModel", (404, {"path": {"version": 999}}))


@good("rollbackModel")
def _(w):
    """After another version has served: the first one under a new number."""
    version = 500 + next(w.numbers)
    folder = w.server.data / "models"
    shutil.copy(folder / "000001.aisle", folder / f"{version:06}.aisle")
    for v in (1, version):
        assert w.ask("POST", f"/v1/admin/models/{v}/activate?force=true", key=w.admin).status == 200
    return {}


good("getModelReport")(lambda w: {"path": {"version": 1}})
wrong("getModelReport", (404, {"path": {"version": 999}}))
good("shadowModel")(lambda w: {"path": {"version": 1}, "body": {"share": 0.5}})
wrong("shadowModel", (404, {"path": {"version": 999}, "body": {"share": 0.5}}), (422, {"path": {"version": 1}, "body": {"share": 2}}),
      (415, {"path": {"version": 1}, "body": "{}", "headers": {"Content-Type": "text/plain"}}),
      (413, {"path": {"version": 1}, "body": "x" * 5000, "headers": {"Content-Type": "application/json"}}))


@good("getShadow")
def _(w):
    assert w.ask("POST", "/v1/admin/models/1/shadow", {"share": 0.5}, key=w.admin).status == 200
    return {"path": {"version": 1}}


wrong("getShadow", (404, {"path": {"version": 999}}))
good("getExperiments")(lambda w: {})
good("putExperiments")(lambda w: {"body": {"experiments": [{"name": "asked", "share": 0.5, "surfaces": ["recommendations", "rank"], "scenarios": ["home"], "from": "2026-01-01T00:00:00Z",
                                                            "until": "2999-01-01T00:00:00Z", "variants": [{"name": "a"}, {"name": "b", "strategy": "session", "scenario": "email", "diversity": 0.5}]}]}})
wrong("putExperiments", (422, {"body": {"experiments": [{"name": "x", "variants": [{"name": "a"}]}]}}), (422, {"body": {}}), (409, {"body": {"experiments": [], "version": 99999}}),
      (422, {"body": {"experiments": [{"name": "x", "variants": [{"name": "a"}, {"name": "b", "model": 999}]}]}}),
      (415, {"body": "{}", "headers": {"Content-Type": "text/plain"}}),
      (413, {"body": "x" * 300000, "headers": {"Content-Type": "application/json"}}))
good("getOutcomes")(lambda w: {"query": {"group": "variant", "from": "2026-01-01"}})
wrong("getOutcomes", (422, {"query": {"group": "colour"}}), (422, {"query": {"from": "yesterday"}}),
      (422, {"query": {"from": "2026-02-01", "to": "2026-01-01"}}))
good("getSynonyms")(lambda w: {})
good("putSynonyms")(lambda w: {"body": {"synonyms": [["a", "b"]]}})
wrong("putSynonyms", (422, {"body": {"synonyms": [["a"]]}}), (415, {"body": "{}", "headers": {"Content-Type": "text/plain"}}),
      (413, {"body": "x" * 300000, "headers": {"Content-Type": "application/json"}}))

# ---- rules of recommendations ----

good("getRules")(lambda w: {})
good("putRules")(lambda w: {"body": {"rules": [{"name": "last", "until": "2020-01-01T00:00:00Z", "hide": {"brand": "x"}},
                                               {"name": "elsewhere", "scenarios": ["nowhere"], "pin": {"product": w.known, "position": 2}}]}})
wrong("putRules", (422, {"body": {"rules": [{"name": "a", "hide": {}, "pin": {"product": "p", "position": 1}}]}}), (409, {"body": {"rules": [], "version": 99999}}),
      (415, {"body": "{}", "headers": {"Content-Type": "text/plain"}}), (413, {"body": "x" * 300000, "headers": {"Content-Type": "application/json"}}))

# ---- feedback ----

good("addEvents")(lambda w: {"body": [{"type": "view", "item": w.known, "event_id": w.new("event")}]})
wrong("addEvents", (422, {"query": {"atomic": "true"}, "body": [{}]}), (415, {"body": "x", "headers": {"Content-Type": "text/plain"}}),
      (413, {"body": "x" * (3 << 20), "headers": {"Content-Type": "application/json"}}))

good("putRating")(lambda w: {"key": w.me()[0], "path": {"id": made_product(w)}, "body": {"stars": 4}})
wrong("putRating", lambda w: (404, {"key": w.me()[0], "path": {"id": "none"}, "body": {"stars": 4}}),
      lambda w: (422, {"key": w.me()[0], "path": {"id": "none"}, "body": {"stars": 6}}))


def rated(w):
    key, path = w.me()[0], {"id": made_product(w)}
    w.ask("PUT", f"/v1/products/{path['id']}/rating", {"stars": 4}, key=key)
    return {"key": key, "path": path, "status": 204}


good("deleteRating")(rated)
wrong("deleteRating", lambda w: (404, {"key": w.me()[0], "path": {"id": made_product(w)}}))
good("putOpinion")(lambda w: {"path": {"id": made_product(w)}, "body": {"opinion": "dislike"}})
wrong("putOpinion", (404, {"path": {"id": "none"}, "body": {"opinion": "like"}}), (422, {"path": {"id": "none"}, "body": {}}))


def of_buyer(w, method, path, body=None):
    """Somebody has done that to a product: (token, product)."""
    key, product = w.buyer(), made_product(w)
    w.ask(method, path.format(product), body, key=key)
    return key, product


@good("deleteOpinion")
def _(w):
    key, product = of_buyer(w, "PUT", "/v1/products/{}/opinion", {"opinion": "like"})
    return {"key": key, "path": {"id": product}, "status": 204}


wrong("deleteOpinion", (404, {"path": {"id": "none"}}))


@good("getMine")
def _(w):
    key, review = reviewed(w)
    return {"key": key, "path": {"id": review["item"]}}


wrong("getMine", (404, {"path": {"id": "none"}}))
good("listReviews")(lambda w: {"path": {"id": reviewed(w)[1]["item"]}, "query": {"sort": "newest"}})
wrong("listReviews", (404, {"path": {"id": "none"}}), lambda w: (422, {"path": {"id": made_product(w)}, "query": {"sort": "best"}}))
good("addReview")(lambda w: {"key": w.me()[0], "path": {"id": made_product(w)}, "body": {"title": "Good", "text": "Good.", "stars": 5}, "status": 201})


def reviewed(w, key=None):
    """Somebody's review: (token, the review)."""
    key = key or w.me()[0]
    return key, w.ask("POST", f"/v1/products/{made_product(w)}/reviews", {"text": "Good."}, key=key).json


def again(w):
    key, review = reviewed(w)
    return 409, {"key": key, "path": {"id": review["item"]}, "body": {"text": "Good."}}


wrong("addReview", again, lambda w: (404, {"key": w.me()[0], "path": {"id": "none"}, "body": {"text": "x"}}),
      lambda w: (422, {"key": w.me()[0], "path": {"id": "none"}, "body": {"stars": 5}}))


def own_review(w, **parts):
    key, review = reviewed(w)
    return {"key": key, "path": {"id": review["id"]}, **parts}


good("changeReview")(lambda w: own_review(w, body={"stars": 3}))
wrong("changeReview", lambda w: (404, {"key": w.me()[0], "path": {"id": 777777}, "body": {}}), lambda w: (422, own_review(w, body={"text": ""})))
good("deleteReview")(lambda w: own_review(w, status=204))
wrong("deleteReview", lambda w: (404, {"key": w.me()[0], "path": {"id": 777777}}))
good("voteReview")(lambda w: {"key": w.me()[0], "path": {"id": reviewed(w, writer(w))[1]["id"]}, "body": {"helpful": True}})


def writer(w):
    """Somebody who is nobody else of the test."""
    return w.ask("POST", "/v1/account", {"email": w.new("writer") + "@shop.example", "password": "correct horse battery", "bearer": True}).json["token"]


wrong("voteReview", lambda w: (403, own_review(w, body={"helpful": True})), lambda w: (404, {"key": w.me()[0], "path": {"id": 777777}, "body": {"helpful": True}}),
      lambda w: (422, own_review(w, body={"helpful": 1})))
good("listWishes")(lambda w: {"key": of_buyer(w, "PUT", "/v1/wishlist/items/{}")[0]})
wrong("listWishes", (422, {"query": {"cursor": "x"}}))


def wished(w, **parts):
    key, product = of_buyer(w, "PUT", "/v1/wishlist/items/{}")
    return {"key": key, "path": {"product": product}, **parts}


good("getWish")(wished)
wrong("getWish", (404, {"path": {"product": "none"}}))
good("putWish")(lambda w: {"path": {"product": made_product(w)}, "status": 204})
wrong("putWish", (404, {"path": {"product": "none"}}))
good("deleteWish")(lambda w: wished(w, status=204))
wrong("deleteWish", (404, {"path": {"product": "none"}}))
good("listReviewQueue")(lambda w: {"query": {"state": "published", "limit": 1}} if reviewed(w) else {})
wrong("listReviewQueue", (422, {"query": {"state": "lost"}}))
good("moderateReview")(lambda w: {"path": {"id": reviewed(w)[1]["id"]}, "body": {"state": "rejected"}})
wrong("moderateReview", (404, {"path": {"id": 777777}, "body": {"state": "rejected"}}), lambda w: (422, {"path": {"id": reviewed(w)[1]["id"]}, "body": {"state": "lost"}}))

# ---- admin ----


@good("addImport")
def _(w):
    rows = f"user,item,type,time\nu1,{w.known},view,2026-01-01T00:00:00Z\n"
    return {"query": {"kind": "events", "map": "user=user,item=item,type=type,time=time"}, "body": rows,
            "headers": {"Content-Type": "text/csv"}, "status": 202}


wrong("addImport", (422, {"query": {"kind": "x"}, "body": "a,b\n", "headers": {"Content-Type": "text/csv"}}))

good("addTraining")(lambda w: {"body": {"factors": 8, "iterations": 2}, "status": 202})
wrong("addTraining", (422, {"body": {"factors": -1}}), (415, {"body": "{}", "headers": {"Content-Type": "text/plain"}}),
      (413, {"body": "x" * 70000, "headers": {"Content-Type": "application/json"}}))

good("listJobs")(lambda w: {})
wrong("listJobs", (422, {"query": {"limit": 0}}))

good("getJob")(lambda w: {"path": {"id": w.training()}})
wrong("getJob", (404, {"path": {"id": 777777}}))


@good("cancelJob")
def _(w):
    w.settle(cancel=True)
    return {"path": {"id": w.training(factors=256, iterations=1000, solver="cholesky")}, "status": 202}


def ended_job(w):
    w.settle(cancel=True)
    job = w.training()
    w.settle()
    return 409, {"path": {"id": job}}


wrong("cancelJob", (404, {"path": {"id": 777777}}), ended_job)


@good("followJob")
def _(w):
    w.settle(cancel=True)
    job = w.training()
    w.settle()
    return {"path": {"id": job}}


wrong("followJob", (404, {"path": {"id": 777777}}))

good("listModels")(lambda w: {})
good("activateModel")(lambda w: {"path": {"version": 1}})
wrong("activateModel", (404, {"path": {"version": 999}}))

# ---- the shop keeper's products ----


def made_product(w):
    """A product of our own."""
    name = w.new("product")
    w.ask("PUT", f"/v1/admin/products/{name}", {"title": "New", "price": 500, "currency": "EUR", "stock": 10}, key=w.admin)
    return name


good("putProduct")(lambda w: {"path": {"id": w.new("product")}, "status": 201, "body": {
    "title": "New", "price": 5, "currency": "EUR", "attributes": {"a": [1, "b"]}, "images": [{"url": "/x"}]}})
wrong("putProduct", lambda w: (200, {"path": {"id": made_product(w)}, "body": {"title": "New", "stock": 1}}),
      lambda w: (409, {"path": {"id": made_product(w)}, "body": {"title": "New"}, "headers": {"If-Match": '"99-0"', "Content-Type": "application/json"}}),
      (422, {"path": {"id": "new"}, "body": {"price": -1}}))

good("patchProduct")(lambda w: {"path": {"id": made_product(w)}, "body": {"title": "Newer"}})
wrong("patchProduct", lambda w: (422, {"path": {"id": made_product(w)}, "body": {"stock_delta": -50}}), (404, {"path": {"id": "none"}, "body": {"title": "Newer"}}))

good("deleteProduct")(lambda w: {"path": {"id": made_product(w)}, "status": 204})
wrong("deleteProduct", (404, {"path": {"id": "none"}}))

good("addProducts")(lambda w: {"body": [{"id": w.new("product")}, {"id": w.new("product"), "price": 300}]})
wrong("addProducts", (200, {"body": [{"id": "new", "price": 1e300}]}), (415, {"body": "x", "headers": {"Content-Type": "text/plain"}}),
      (422, {"query": {"atomic": "true"}, "body": [{"id": "new", "price": "x"}]}))

# ---- buying ----

wanted = {"Content-Type": "application/json", "If-Match": '"999"'}


def filled(w):
    """A buyer with one product in the cart: (token, product)."""
    token, product = w.buyer(), made_product(w)
    w.ask("DELETE", "/v1/cart", key=token)
    w.ask("PUT", f"/v1/cart/items/{product}", {"quantity": 1}, key=token)
    return token, product


def ordered(w, **state):
    """An order: (token, the order)."""
    token, _ = filled(w)
    order = w.ask("POST", "/v1/orders", {"email": "a@b.example"}, key=token).json
    if state:
        w.ask("PATCH", f"/v1/admin/orders/{order['id']}", state, key=w.admin)
    return token, order


def note(order, **more):
    """Body and header fields of a note of the payment provider."""
    body = {"id": f"note-{order['id']}", "type": "payment.succeeded", "order": order["id"], "amount": order["total"], "currency": order["currency"]}
    text, at = json.dumps({**body, **more}), int(time.time())
    mac = hmac.new(SECRET.encode(), f"{at}.{text}".encode(), hashlib.sha256).hexdigest()
    return {"body": text, "headers": {"Content-Type": "application/json", "Aisle-Signature": f"t={at},v1={mac}"}}


good("getCart")(lambda w: {"key": filled(w)[0]})
good("patchCart")(lambda w: {"body": {"items": {made_product(w): 2}}})
wrong("patchCart", lambda w: (422, {"body": {"items": {made_product(w): 11, "none": 1}}}), (409, {"body": {"items": {}, "version": 9}}),
      (422, {"body": {"items": {"x": 0}}}), (422, {"body": {"items": []}}))
good("clearCart")(lambda w: {"key": filled(w)[0]})
wrong("clearCart", lambda w: (409, {"key": filled(w)[0], "headers": {"If-Match": '"999"'}}))
good("putCartItem")(lambda w: {"path": {"product": made_product(w)}, "body": {"quantity": 1}})
wrong("putCartItem", lambda w: (422, {"path": {"product": made_product(w)}, "body": {"quantity": 0}}),
      lambda w: (422, {"path": {"product": made_product(w)}, "body": {"quantity": 11}}), (404, {"path": {"product": "none"}, "body": {"quantity": 1}}),
      lambda w: (409, {"path": {"product": made_product(w)}, "body": {"quantity": 1}, "headers": wanted}))


@good("deleteCartItem")
def _(w):
    token, product = filled(w)
    return {"path": {"product": product}, "key": token}


wrong("deleteCartItem", lambda w: (404, {"path": {"product": "none"}, "key": filled(w)[0]}))
good("addOrder")(lambda w: {"key": filled(w)[0], "body": {"email": "a@b.example"}, "status": 201})
wrong("addOrder", (422, {"body": {"email": "a@b.example"}}), (422, {"body": {"email": "nobody"}}),
      lambda w: (409, {"key": filled(w)[0], "body": {"email": "a@b.example", "total": 1}}),
      lambda w: (409, {"key": filled(w)[0], "body": {"email": "a@b.example"}, "headers": wanted}))
good("listOrders")(lambda w: {"key": ordered(w)[0]})
wrong("listOrders", (422, {"query": {"cursor": "none"}}))


def own_order(w):
    token, order = ordered(w)
    return {"path": {"id": order["id"]}, "key": token}


good("getOrder")(own_order)
wrong("getOrder", lambda w: (404, {"path": {"id": "none"}, "key": w.buyer()}), (401, {"path": {"id": "none"}, "key": None}))
good("cancelOrder")(own_order)


def sent(w):
    token, order = ordered(w, state="paid")
    w.ask("PATCH", f"/v1/admin/orders/{order['id']}", {"state": "shipped"}, key=w.admin)
    return 409, {"path": {"id": order["id"]}, "key": token}


wrong("cancelOrder", sent, lambda w: (404, {"path": {"id": ordered(w)[1]["id"]}, "key": filled(w)[0]} if not getattr(w, "owner", None)
                                      else {"path": {"id": "none"}, "key": w.owner}))
good("notePayment")(lambda w: note(ordered(w)[1]))
wrong("notePayment", (401, {"body": {}}), lambda w: (422, note(ordered(w)[1], amount=1)), lambda w: (404, note({**ordered(w)[1], "id": "none"})))
good("listAllOrders")(lambda w: {"query": {"state": "pending", "limit": 2}} if ordered(w) else {})
wrong("listAllOrders", (422, {"query": {"state": "lost"}}))
good("moveOrder")(lambda w: {"path": {"id": ordered(w)[1]["id"]}, "body": {"state": "paid"}})
wrong("moveOrder", lambda w: (409, {"path": {"id": ordered(w)[1]["id"]}, "body": {"state": "shipped"}}), (404, {"path": {"id": "none"}, "body": {"state": "paid"}}),
      (422, {"path": {"id": "none"}, "body": {"state": "lost"}}))

# ---- operations ----

good("getHealth")(lambda w: {})
good("getReadiness")(lambda w: {})
good("getMetrics")(lambda w: {})
good("getDescription")(lambda w: {})
good("getDocs")(lambda w: {})

# ---- the shop's pages ----

for page in ("Home", "Search", "Cart", "Checkout", "Orders", "Login", "Register", "Account", "Wishlist"):
    good(f"page{page}")(lambda w: {})
good("pageCategory")(lambda w: {"path": {"path": "Home > Kitchen"}})
good("pageProduct")(lambda w: {"path": {"id": w.product}})
good("pageOrder")(lambda w: {"path": {"id": "none"}})


def known_user(w):
    return w.ask("GET", "/v1/admin/users?limit=1", key=w.admin).json["items"][0]["id"]


good("listUsers")(lambda w: {"query": {"prefix": "u", "limit": 5}})
wrong("listUsers", (422, {"query": {"limit": 101}}), (422, {"query": {"sort": "id"}}))
good("listUserEvents")(lambda w: {"path": {"id": known_user(w)}})
wrong("listUserEvents", (404, {"path": {"id": "nobody-of-this-name"}}), lambda w: (422, {"path": {"id": known_user(w)}, "query": {"cursor": "x"}}))
def import_of(w, text="user,item,type,time\nu1,,view,2026-01-01\n", kind="events"):
    """The job of an import that has ended."""
    job = w.ask("POST", f"/v1/admin/imports?kind={kind}", text.encode(), {"Content-Type": "text/csv"}, w.admin).json["id"]
    w.settle()
    return job


good("listImportRejects")(lambda w: {"path": {"id": import_of(w)}, "query": {"reason": "no-item", "limit": 5}})
wrong("listImportRejects", (404, {"path": {"id": 0}}), (404, {"path": {"id": 999999}}), lambda w: (422, {"path": {"id": import_of(w)}, "query": {"reason": "bad"}}))
def a_tuning(w):
    """A search of `aisle tune`, made once."""
    if not w.ask("GET", "/v1/admin/tunings", key=w.admin).json["items"]:
        shop.run("tune", "--data", w.server.data, "--trials", "3", "--range", "factors=4..8", "--range", "text-scheme", "--iterations", "2", "--half-life", "90", "--weight", "view=.2")
    return w.ask("GET", "/v1/admin/tunings", key=w.admin).json["items"][0]["id"]


good("listTunings")(lambda w: a_tuning(w) and {"query": {"limit": 3}})
wrong("listTunings", (422, {"query": {"limit": 0}}), (422, {"query": {"cursor": "x"}}))
good("getTuning")(lambda w: {"path": {"id": a_tuning(w)}})
wrong("getTuning", (404, {"path": {"id": 99999}}), (404, {"path": {"id": "x"}}))
good("listTrials")(lambda w: {"path": {"id": a_tuning(w)}, "query": {"limit": 2}})
wrong("listTrials", (404, {"path": {"id": 99999}}), lambda w: (422, {"path": {"id": a_tuning(w)}, "query": {"cursor": "0"}}))
good("getItemMap")(lambda w: {"query": {"limit": 20}})
wrong("getItemMap", (422, {"query": {"limit": 0}}), (422, {"query": {"limit": 2001}}))
good("pageConsole")(lambda w: {})
good("pageConsoleBelow")(lambda w: {"path": {"page": "models"}})


def web_version(w):
    return re.search(r"/web/(\w+)/app\.js", w.ask("GET", "/").body.decode())[1]


good("getWebFile")(lambda w: {"path": {"version": web_version(w), "file": "app.js"}})
wrong("getWebFile", (404, {"path": {"version": "0", "file": "app.js"}}), lambda w: (404, {"path": {"version": web_version(w), "file": "index.html"}}))
good("getWebFileBelow")(lambda w: {"path": {"version": web_version(w), "folder": "parts", "file": "dom.js"}})
wrong("getWebFileBelow", lambda w: (404, {"path": {"version": web_version(w), "folder": "parts", "file": ".."}}))
