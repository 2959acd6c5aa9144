"""A few thousand requests made of the API's description and a seed ($AISLE_SEED), as everybody: no 5xx, every answer as described.
bench/fuzz_api.py asks 100,000."""
import os
import unittest

import asking
import contract
import hostile_client
import hostile_requests
import shop

REQUESTS = 2500


class Fuzz(unittest.TestCase):
    def test_whatever_is_asked_is_answered_as_described(self):
        seed = os.environ.get("AISLE_SEED", "1")
        api = contract.Api()
        with asking.serving(*hostile_client.OPTIONS) as server:
            admin = shop.run("key", "add", "fuzz", "--data", server.data).strip()
            server.await_closed()
            client = hostile_client.Client(server, api, seed, admin)
            for n in range(REQUESTS):
                client.ask(n)
                if len(client.faults) > 10:
                    break
            client.close()
            print(f"seed {seed}:", hostile_client.summary(client))
            self.assertEqual(client.faults, [], f"AISLE_SEED={seed} replays this")
            self.assertEqual(set(api.operations) - set(client.asked), set(), "every operation is asked")
            self.assertGreater(client.statuses[200], REQUESTS // 10)
            self.assertGreater(client.statuses[422], REQUESTS // 10)
            self.assertEqual(server.get("/healthz").status, 200)
            self.assertEqual(server.stop(20), 0)

    def test_the_same_seed_makes_the_same_requests(self):
        api = contract.Api()

        def made(seed):
            maker = hostile_requests.Maker(api, seed)
            return [maker.request(n, hostile_requests.Pool(id=["p"]))[1:4] for n in range(300)]
        self.assertEqual(made("7"), made("7"))
        self.assertNotEqual(made("7"), made("8"))


if __name__ == "__main__":
    unittest.main()
