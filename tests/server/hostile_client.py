"""Sends the requests of hostile_requests.py to a server as everybody, and looks at what comes back. The server must trust this
machine as a proxy (OPTIONS of asking.serving): the clients have addresses of their own."""
import collections
import http.client
import json
import random
import secrets
import socket

import hostile_requests
import shop

OPTIONS = ("--trusted-proxies", "127.0.0.0/8", "--log-level", "error")


class Client:
    """One connection a kind of asker. Faults: 5xx, answers that are not as described, connections that end without one."""

    def __init__(self, server, api, seed, admin, check_every=1):
        self.server, self.api, self.admin, self.check_every = server, api, admin, check_every
        self.maker = hostile_requests.Maker(api, seed)
        products = [p["id"] for p in server.ask("GET", "/v1/products?in_stock=true&limit=50", key=admin).json["items"]]
        self.pool = hostile_requests.Pool(id=products, product=products, item=products)
        self.statuses, self.faults, self.asked = collections.Counter(), [], collections.Counter()
        self.people, self.looked = [], -1
        self.connections, self.cookies = {}, {}

    def sign_people_in(self, n):
        """Two people with a session each; requests may have ended those, or erased the people."""
        self.people = [p for p in self.people if self.server.ask("GET", "/v1/account", key=p).status == 200]
        while len(self.people) < 2:
            body = {"email": f"fuzz-{secrets.token_hex(6)}@shop.example", "password": "correct horse battery", "bearer": True}
            source = f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}" # failed attempts of others hold up only them
            answer = self.server.post("/v1/account", body, headers={"X-Forwarded-For": source})
            assert answer.status == 201, answer.body
            self.people.append(answer.json["token"])

    def connection(self, who):
        if who not in self.connections:
            self.connections[who] = self.server.connection(timeout=20)
        return self.connections[who]

    def drop(self, who):
        if who in self.connections:
            self.connections.pop(who).close()

    def send(self, who, op, target, body, headers):
        """The answer; None for a stream, whose end is not waited for. A connection that the server closed while idle is opened anew."""
        for attempt in (0, 1):
            c = self.connection(who)
            fresh = c.sock is None
            try:
                c.request(op.method, target, body=body, headers=headers)
                r = c.getresponse()
                if "event-stream" in (r.getheader("Content-Type") or ""):
                    self.drop(who)
                    return None
                answer = shop.Answer(r.status, {k.lower(): v for k, v in r.getheaders()}, r.read())
                if answer.headers.get("connection") == "close":
                    self.drop(who)
                return answer
            except (http.client.HTTPException, ConnectionError, socket.timeout) as e:
                self.drop(who)
                if fresh or attempt:
                    raise AssertionError(f"no answer: {e!r}") from e

    def ask(self, n, every=250):
        """The n-th request. every: of how many the people are looked after."""
        if not self.people or n // every > self.looked:
            self.looked = n // every
            self.sign_people_in(n)
        op, target, body, headers, rng = self.maker.request(n, self.pool)
        likely = {"admin": [self.admin], "session": self.people, "owner": self.people}.get(op.access, [None, *self.people])
        headers.setdefault("X-Forwarded-For", f"192.0.2.{rng.randrange(20)}")
        who = rng.choice(likely if rng.random() < .8 else [None, self.admin, *self.people])
        if who:
            headers.setdefault("Authorization", f"Bearer {who}")
        elif who in self.cookies and rng.random() < .5:
            headers.setdefault("Cookie", self.cookies[who])
            headers.setdefault("Origin", f"http://127.0.0.1:{self.server.port}")
        told = f"request {n}: {op.method} {target[:200]} {headers} {(body or b'')[:300]!r}"
        try:
            answer = self.send(who, op, target, body, headers)
        except AssertionError as e:
            self.faults.append(f"{told}: {e}")
            return
        self.asked[op.id] += 1
        if answer is None:
            return
        self.statuses[answer.status] += 1
        if answer.status == 401 and who in self.people:
            self.looked = -1  # signed out, or erased
        if answer.status >= 500:
            self.faults.append(f"{told}: {answer.status} {answer.body[:300]!r}")
        elif n % self.check_every == 0:
            self.faults += [f"{told}: {fault}" for fault in self.api.faults(op, answer)]
        if answer.status < 300:
            self.learn(op, answer, rng)

    def learn(self, op, answer, rng):
        if "set-cookie" in answer.headers:
            self.cookies[None] = answer.headers["set-cookie"].split(";")[0]
        if answer.headers.get("content-type", "").startswith("application/json"):
            self.pool.learn(answer.json, random.Random(rng.random()), hostile_requests.resource(op))

    def close(self):
        for who in list(self.connections):
            self.drop(who)


def resident(server):
    with open(f"/proc/{server.process.pid}/statm") as f:
        return int(f.read().split()[1]) * 4096


def summary(client):
    return json.dumps({"statuses": dict(sorted(client.statuses.items())), "operations": len(client.asked), "faults": len(client.faults)})
