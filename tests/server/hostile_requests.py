"""Requests made of openapi.yaml and a seed: some as described, most with something wrong in every field that there is.

An operation that is added to the description is asked by itself. The same seed and number give the same request, as far as the
server's own random ids allow: `Maker(api, seed).request(n, pool)`.
"""
import json
import random
import urllib.parse


class Raw(str):
    """JSON text that no encoder would write: 1e309, NaN, a lone surrogate, a key that comes twice."""


LONG = "x" * 5000
STRINGS = ["", " ", "\x00", "\n\r\t", "\x1b[31m", "'", '"; DROP TABLE products; --', "' OR '1'='1", "%00", "%2e%2e%2f", "../../etc/passwd", "=1+1", "@SUM(A1)",
           "a" * 255, "a" * 256, LONG, "é" * 200, "\u202eright to left", "😀" * 64, "a\u0301" * 40, "null", "true", "0", "-1", "1e309", "NaN", "<script>alert(1)</script>",
           '"', '""', '"unclosed', "NEAR(a b, 2)", "a AND OR NOT b", "a*", "*", "^a", "a:b", "title:a", "(((((", "-a", "--", "{a b}", "a+b", "\\", "😀*", "café", "ſ", "İ",
           "2026-13-45T99:99:99Z", "0000-00-00", "9999999-01-01T00:00:00Z", "2026-11-26T08:00:00+25:00", "EURO", "€", "$", "a@b", "@", "a@b.example", "A" * 129, "password"]
RAWS = [Raw(t) for t in ("1e309", "-1e309", "NaN", "Infinity", "-0", "0.1e-400", '"\\ud800"', '"\\u0000"', "9223372036854775808", "-9223372036854775809", "18446744073709551616",
                         "1" + "0" * 400, "{\"a\":1,\"a\":2}", "[" * 40 + "]" * 40, "[" * 5000, "tru", "'x'", "01", "+1", ".5", "0x10", "/**/1", "[1,]", '{"a"}', "\ufeff1")]
NUMBERS = [0, -1, 1, 2, 255, 256, 65536, 2**31 - 1, 2**31, 2**53, 2**53 + 1, 2**63 - 1, -2**63, 0.5, -0.5, 1e-300, 1e300, 1.7976931348623157e308]
OTHERS = [None, True, False, [], {}, [[]], [None], [{}], {"": ""}, {"a": {"b": {"c": {}}}}, list(range(2000)), ["a"] * 1001, {str(n): n for n in range(300)}]
HEADERS = [("Idempotency-Key", "k"), ("Idempotency-Key", "x" * 256), ("Idempotency-Key", ""), ("If-Match", '"1"'), ("If-Match", "*"), ("If-Match", "x"), ("If-None-Match", "*"),
           ("If-None-Match", '"' + "x" * 3000), ("Content-Type", "text/plain"), ("Content-Type", "application/json; charset=utf-16"), ("Accept", "text/html"),
           ("Accept-Language", "*;q=0"), ("Last-Event-ID", "99999999999999999999"), ("Last-Event-ID", "-1"), ("X-Request-Id", "a b"), ("Origin", "http://evil.example"),
           ("Sec-Fetch-Site", "cross-site"), ("Cookie", "aisle=x; aisle=y"), ("X-Forwarded-For", "1.2.3.4, unknown")]
# How often, if not once: what takes long (jobs are processes, a sign-in hashes a password for 40 ms), what ends what others need,
# and what fills a cart.
WEIGHTS = {"addTraining": .02, "addImport": .02, "cancelJob": .1, "followJob": .05, "getMetrics": .2, "getDescription": .2, "getDocs": .2,
           "signOut": .1, "endSession": .1, "eraseAccount": .1, "changePassword": .1, "deleteProduct": .1, "putProduct": .3, "patchProduct": .3,
           "clearCart": .2, "deleteCartItem": .3, "putCartItem": 4, "addOrder": 3}
SIGN_IN = ("/v1/session", "/v1/account", "/v1/account/password")


def encoded(value):
    """JSON text, with Raw parts as they are."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{encoded(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(encoded, value)) + "]"
    return json.dumps(value)


def resource(op):
    """"orders" of /v1/orders/{id} and of /v1/admin/orders."""
    parts = [p for p in op.path.split("/") if p not in ("", "v1", "admin")]
    return parts[0] if parts else ""


class Pool:
    """What answers have told: ids, tokens, cursors, versions, to be used again."""
    NAMES = {"id", "token", "next", "version", "recommendation_id", "item", "product", "location", "code", "event_id", "order", "email"}

    def __init__(self, **known):
        self.values = {name: list(values) for name, values in known.items()}

    def learn(self, node, rng, where=""):
        """where: the resource that answered, "orders": its ids are told from those of others."""
        if isinstance(node, dict):
            for name, value in node.items():
                if name in self.NAMES and isinstance(value, (str, int)) and not isinstance(value, bool):
                    for key in (name, f"{name} of {where}") if name == "id" else (name,):
                        kept = self.values.setdefault(key, [])
                        if len(kept) < 200:
                            kept.append(value)
                        else:
                            kept[rng.randrange(200)] = value
                else:
                    self.learn(value, rng, where)
        elif isinstance(node, list):
            for value in node[:20]:
                self.learn(value, rng, where)

    def pick(self, name, rng):
        for known in (name, {"item": "id", "items": "id", "cursor": "next", "exclude": "id"}.get(name)):
            if known and self.values.get(known):
                return rng.choice(self.values[known])
        return None


class Maker:
    TAME = .4  # so many requests are as described, to get somewhere: carts that become orders, people who sign in

    def __init__(self, api, seed):
        self.api, self.seed = api, seed
        self.wild = .15  # of the request at hand: how often a value is nothing like what is described
        self.operations = sorted(api.operations.values(), key=lambda op: op.id)
        self.weights = [WEIGHTS.get(op.id, .03 if op.method == "POST" and op.path in SIGN_IN else 1) for op in self.operations]

    USUAL = {"quantity": [1, 1, 2], "email": [f"person{n}@shop.example" for n in range(20)], "password": ["correct horse battery"], "limit": [1, 10, 100],
             "version": [1], "type": ["view", "click", "add_to_cart", "purchase", "like", "dislike"]}

    def hostile(self, rng):
        kind = rng.random()
        return rng.choice(STRINGS) if kind < .45 else rng.choice(NUMBERS) if kind < .65 else rng.choice(RAWS) if kind < .85 else rng.choice(OTHERS)

    def value(self, schema, name, rng, pool, depth=0):
        if rng.random() < self.wild / (1 + depth):
            return self.hostile(rng)
        schema = self.api.resolve(schema)
        known = pool.pick(name, rng)
        if known is not None and rng.random() < (.7 if self.wild else .95):
            return known
        if not self.wild and name in self.USUAL:
            return rng.choice(self.USUAL[name])
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return rng.choice(schema["enum"])
        if "allOf" in schema:
            merged = {}
            for s in schema["allOf"]:
                value = self.value(s, name, rng, pool, depth)
                merged.update(value if isinstance(value, dict) else {})
            return merged
        for word in ("oneOf", "anyOf"):
            if word in schema and "properties" not in schema:
                return self.value(rng.choice(schema[word]), name, rng, pool, depth)
        kind = schema.get("type", rng.choice(["string", "integer", "object"]))
        kind = rng.choice(kind) if isinstance(kind, list) else kind
        if kind == "object":
            return self.members(schema, rng, pool, depth)
        if kind == "array":
            most = rng.choice([0, 1, 1, 2, 3, min(schema.get("maxItems", 20), 40)])
            return [self.value(schema.get("items", {}), name, rng, pool, depth + 1) for _ in range(most)] if depth < 8 else []
        if kind == "null":
            return None
        if kind == "boolean":
            return rng.random() < .5
        if kind in ("integer", "number"):
            low, high = schema.get("minimum", -5), schema.get("maximum", schema.get("minimum", 0) + 1000)
            if not self.wild:
                return rng.randint(int(low), max(int(low), min(int(high), int(low) + 50)))
            edge = rng.choice([low, high, low - 1, high + 1, rng.randint(int(low), max(int(low), int(high)))])
            return edge if kind == "integer" or rng.random() < .5 else edge + .5
        return self.text(schema, rng)

    def members(self, schema, rng, pool, depth):
        made, required = {}, schema.get("required", [])
        for name, member in schema.get("properties", {}).items():
            if rng.random() < ((.95 if name in required else .5) if self.wild else (1 if name in required else .15)):
                made[name] = self.value(member, name, rng, pool, depth + 1)
        if rng.random() < self.wild / 2:
            made[rng.choice(["extra", "__proto__", "admin", "user_id", "", LONG])] = self.hostile(rng)
        return made

    def text(self, schema, rng):
        if rng.random() < .2 and self.wild:
            return rng.choice(STRINGS)
        if schema.get("format") == "date-time":
            return f"2026-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}T08:00:00Z"
        if schema.get("format") == "email":
            return f"person{rng.randrange(50)}@shop.example"
        if schema.get("pattern") == "^[A-Z]{3}$":
            return rng.choice(["EUR", "USD", "JPY"])
        low, high = schema.get("minLength", 1), schema.get("maxLength", 40)
        length = rng.choice([low, min(high, 12), min(high, 12), high, high + 1, max(low - 1, 0)]) if self.wild else max(low, min(high, 12))
        return "".join(rng.choice("abcdeiou rst") for _ in range(min(length, 3000)))

    def query(self, op, rng, pool):
        pairs = []
        for p in op.parameters:
            p = self.api.resolve(p)
            if p["in"] == "query" and rng.random() < (.95 if p.get("required") else .35 if self.wild else .15):
                value = self.value(p.get("schema", {}), p["name"], rng, pool, 1)
                pairs.append((p["name"], value if isinstance(value, str) else encoded(value)))
        if rng.random() < self.wild / 3:
            pairs.append((rng.choice(["no-such", "attr.colour", "attr.", "", "limit", "q"]), rng.choice(STRINGS)))
        return "&".join(f"{urllib.parse.quote(str(k)[:300], safe='')}={urllib.parse.quote(str(v)[:1500].encode('utf-8', 'replace'), safe='')}" for k, v in pairs)

    def path(self, op, rng, pool):
        parts = op.path.split("/")
        for i, part in enumerate(parts):
            if part.startswith("{"):
                known = pool.pick(f"{part[1:-1]} of {resource(op)}", rng) if rng.random() < .9 else None
                known = pool.pick(part[1:-1], rng) if known is None else known
                value = rng.choice(STRINGS[1:]) if known is None or rng.random() < self.wild else known
                parts[i] = urllib.parse.quote(str(value)[:1500].encode("utf-8", "replace"), safe="") or "x"
        return "/".join(parts)

    def body(self, op, rng, pool):
        content = self.api.resolve(op.spec.get("requestBody", {})).get("content", {})
        if not content:
            return (None, None) if rng.random() < .95 or not self.wild else (b"{}", "application/json")
        kind = rng.choice(list(content))
        if kind == "application/json":
            text = encoded(self.value(content[kind].get("schema", {}), "", rng, pool))
        else:
            lines = [encoded(self.value({"type": "object"}, "", rng, pool)) for _ in range(rng.randrange(4))]
            text = "\n".join(lines) if rng.random() < .7 else rng.choice(STRINGS)
            kind = "text/csv" if "*" in kind else kind
        data = text.encode("utf-8", "surrogatepass")
        cut = rng.random() if self.wild else 1
        if cut < .02:
            data = data[:rng.randrange(len(data) + 1)]
        elif cut < .04 and data:
            at = rng.randrange(len(data))
            data = data[:at] + bytes([rng.randrange(256)]) + data[at + 1:]
        return data, kind

    def request(self, n, pool):
        """(operation, target, body, headers) of the n-th request; and the generator that chose, for who asks."""
        rng = random.Random(f"{self.seed}/{n}")
        first = n < 2 * len(self.operations) # each comes twice before chance chooses
        op = self.operations[n % len(self.operations)] if first else rng.choices(self.operations, self.weights)[0]
        self.wild = 0 if rng.random() < self.TAME else .15
        query = self.query(op, rng, pool)
        body, kind = self.body(op, rng, pool)
        headers = {"Content-Type": kind} if kind else {}
        if rng.random() < self.wild:
            name, value = rng.choice(HEADERS)
            headers[name] = value
        return op, self.path(op, rng, pool) + ("?" + query if query else ""), body, headers, rng
