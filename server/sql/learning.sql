-- name: secret_get
SELECT value FROM secrets WHERE name = ?1;

-- name: secret_add
-- No change when there is one of this name.
INSERT OR IGNORE INTO secrets VALUES (?1, ?2);

-- name: outcome_range
SELECT upto, (SELECT coalesce(max(id), 0) FROM events) FROM outcome_state;

-- name: outcome_events
-- View, click, add to cart, purchase, impression.
SELECT e.id, e.user_id, e.session_id, e.product_id, e.type, e.value, e.price_minor, p.currency, e.recommendation
FROM events e CROSS JOIN products p ON p.id = e.product_id
WHERE e.id > ?1 AND e.id <= ?2 AND e.recommendation IS NOT NULL AND e.type IN (0, 1, 2, 4, 10)
ORDER BY e.id LIMIT ?3;

-- name: outcome_claim
-- No change when it is counted.
INSERT OR IGNORE INTO outcome_seen VALUES (?1, ?2);

-- name: outcome_add
INSERT INTO outcomes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT DO UPDATE SET impressions = impressions + ?7, clicks = clicks + ?8, carts = carts + ?9, purchases = purchases + ?10;

-- name: outcome_revenue_add
-- Never above 2^53 (AISLE_MONEY_MAX), here and in the sums: an overflow would end counting for good.
INSERT INTO outcome_revenue VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT DO UPDATE SET minor = min(minor + ?8, 9007199254740992), squares = squares + ?9;

-- name: outcome_upto
-- Not beyond the newest: one that was removed meanwhile has lowered it, and its id is given again.
UPDATE outcome_state SET upto = min(?1, (SELECT coalesce(max(id), 0) FROM events));

-- name: outcome_seen_forget
DELETE FROM outcome_seen WHERE day < ?1;

-- name: outcome_sums
-- ?3: 0 strategy, 1 model, 2 scenario, 3 variant, 4 day. Two names: that of the group, and of a variant its experiment.
SELECT CASE ?3 WHEN 0 THEN strategy WHEN 1 THEN model WHEN 2 THEN scenario WHEN 3 THEN variant ELSE day END AS name,
       iif(?3 = 3, experiment, '') AS of, sum(impressions), sum(clicks), sum(carts), sum(purchases)
FROM outcomes WHERE day BETWEEN ?1 AND ?2 GROUP BY of, name ORDER BY of, name LIMIT ?4;

-- name: outcome_revenue_sums
SELECT CASE ?3 WHEN 0 THEN strategy WHEN 1 THEN model WHEN 2 THEN scenario WHEN 3 THEN variant ELSE day END AS name,
       iif(?3 = 3, experiment, '') AS of, currency, CAST(min(total(minor), 9007199254740992) AS INTEGER), total(squares)
FROM outcome_revenue WHERE day BETWEEN ?1 AND ?2 GROUP BY of, name, currency ORDER BY of, name, currency;

-- name: experiment_all
-- Without a bound: the least and the greatest time.
SELECT name, salt, share, created_ms, surfaces, scenarios, coalesce(from_ms, -9223372036854775807 - 1),
       coalesce(until_ms, 9223372036854775807)
FROM experiments ORDER BY position;

-- name: experiment_variants_of
SELECT name, weight, model, strategy, scenario, diversity FROM experiment_variants WHERE experiment = ?1 ORDER BY position;

-- name: experiment_version
SELECT version FROM experiment_set;

-- name: experiment_version_raise
UPDATE experiment_set SET version = version + 1;

-- name: experiment_created
SELECT created_ms FROM experiments WHERE name = ?1 AND salt = ?2;

-- name: experiment_variants_clear
DELETE FROM experiment_variants;

-- name: experiments_clear
DELETE FROM experiments;

-- name: experiment_add
INSERT INTO experiments VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9);

-- name: experiment_variant_add
INSERT INTO experiment_variants VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- name: experiment_people_forget
-- Of those that are no more, or have begun anew.
DELETE FROM experiment_people WHERE experiment NOT IN (SELECT name FROM experiments WHERE created_ms <> ?1);

-- name: experiment_results_forget
DELETE FROM experiment_results WHERE experiment NOT IN (SELECT name FROM experiments WHERE created_ms <> ?1);

-- name: experiment_claim
INSERT OR IGNORE INTO experiment_people VALUES (?1, ?2);

-- name: experiment_result_add
INSERT INTO experiment_results VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT DO UPDATE SET people = people + ?3, clicked = clicked + ?4, bought = bought + ?5;

-- name: experiment_result
SELECT people, clicked, bought FROM experiment_results WHERE experiment = ?1 AND variant = ?2;
