"""Rate limits from outside: who shares a bucket, what the answers say, what is never limited."""
import unittest

import shop

PROXY = ("--trusted-proxies", "127.0.0.0/8")


def via(address, **more):
    return {"X-Forwarded-For": address, **more}


class Rates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving(*PROXY, "--limit-reads", 20, "--limit-writes", 5, "--limit-keys", 30)
        cls.server = cls.scope.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def ask(self, address, path="/v1/products?limit=1", method="GET", body=None, **headers):
        return self.server.ask(method, path, body, headers=via(address, **headers))

    def statuses(self, n, *args, **kw):
        return [self.ask(*args, **kw).status for _ in range(n)]

    def test_a_client_is_refused_after_its_share_and_told_when_to_come_back(self):
        first = self.ask("203.0.113.1")
        self.assertEqual((first.headers["ratelimit-limit"], first.headers["ratelimit-remaining"]), ("20", "19"))
        self.assertIn(int(first.headers["ratelimit-reset"]), range(1, 61))
        answers = [self.ask("203.0.113.1") for _ in range(60)]
        refused = [a for a in answers if a.status == 429]
        self.assertGreater(len(refused), 20)  # a token comes back every 3 s
        self.assertEqual({a.status for a in answers}, {200, 429})
        self.assertEqual((refused[0].json["code"], refused[0].headers["ratelimit-remaining"]), ("rate_limited", "0"))
        self.assertIn(int(refused[0].headers["retry-after"]), range(1, 4))
        self.assertEqual(self.ask("203.0.113.2").status, 200)
        # reads are used up, writes are not
        event = [{"type": "view", "session": "s", "item": "p"}]
        self.assertEqual(self.ask("203.0.113.1", "/v1/events", "POST", event).status, 200)

    def test_writes_have_a_bucket_of_their_own(self):
        event = [{"type": "view", "session": "s", "item": "p"}]
        got = self.statuses(12, "203.0.113.3", "/v1/events", "POST", event)
        self.assertEqual(got[:5], [200] * 5)
        self.assertIn(429, got[5:])

    def test_one_ipv6_network_of_64_bits_is_one_client(self):
        got = [self.ask(f"2001:db8:1:2::{n:x}").status for n in range(1, 60)]
        self.assertIn(429, got)
        self.assertEqual(self.ask("2001:db8:1:3::1").status, 200)

    def test_what_a_stranger_writes_into_the_list_changes_nothing(self):
        got = [self.ask(f"198.51.100.{n}, 203.0.113.9").status for n in range(60)]
        self.assertIn(429, got)

    def test_health_metrics_and_documents_are_never_limited(self):
        for path in ("/healthz", "/readyz", "/openapi.yaml"):
            answers = [self.ask("203.0.113.5", path) for _ in range(40)]
            self.assertEqual({a.status for a in answers}, {200})
            self.assertNotIn("ratelimit-limit", answers[0].headers)

    def test_this_machine_is_not_limited(self):
        answers = [self.server.get("/v1/products", limit=1) for _ in range(60)]
        self.assertEqual({a.status for a in answers}, {200})
        self.assertNotIn("ratelimit-limit", answers[0].headers)

    def test_refusals_are_counted_by_class(self):
        self.statuses(60, "203.0.113.6")
        text = self.server.get("/metrics").body.decode()
        counted = dict(line.split(" ") for line in text.splitlines() if line.startswith("aisle_http_rate_limited_total"))
        self.assertGreaterEqual(int(counted['aisle_http_rate_limited_total{class="read"}']), 30)


class Keys(unittest.TestCase):
    def test_a_key_has_its_own_bucket_wherever_it_comes_from_and_guessing_keys_is_limited(self):
        with shop.folder(fresh=True) as data:
            keys = [shop.run("key", "add", name, "--data", data).strip() for name in ("a", "b")]
            server = shop.Server(data, *PROXY, "--limit-reads", 10, "--limit-keys", 20)
            try:
                def ask(key, address):
                    return server.ask("GET", "/v1/admin/jobs", key=key, headers=via(address)).status
                got = [ask(keys[0], f"203.0.113.{n}") for n in range(60)]
                self.assertEqual(got[:20], [200] * 20)
                self.assertIn(429, got)
                self.assertEqual(ask(keys[1], "203.0.113.1"), 200)
                wrong = [ask(f"aisle_{n:043d}", "203.0.113.99") for n in range(40)]
                self.assertEqual(wrong[:10], [401] * 10)
                self.assertIn(429, wrong)
            finally:
                self.assertEqual(server.stop(), 0)
                server.log.close()

    def test_an_unnamed_proxy_on_this_machine_is_told_of_once(self):
        with shop.serving("--limit-reads", 3, fresh=True) as server:
            for n in range(20):
                self.assertEqual(server.ask("GET", "/v1/products", headers=via(f"203.0.113.{n}")).status, 200)
            log = (server.data.parent / "server.log").read_text()
            self.assertEqual(log.count("--trusted-proxies"), 1, log)


if __name__ == "__main__":
    unittest.main()
