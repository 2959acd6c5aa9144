/* Demographics by rough shares of a European shop; tastes drawn given them. */
#include "datasets/generate/person.h"

#include <stdio.h>

static const char *const genders[] = {"f", "m", "x", NULL};
static const char *const ages[] = {"18-24", "25-34", "35-44", "45-54", "55-64", "65+", NULL};
static const char *const countries[] = {"DE", "FR", "GB", "ES", "IT", "NL",
                                        "PL", "SE", "AT", "BE", "DK", "IE"};
/* running shares in percent */
static const uint8_t gender_end[] = {50, 94, 96, 100};
static const uint8_t age_end[] = {15, 40, 61, 77, 88, 95, 100};
static const uint8_t country_end[] = {26, 43, 57, 67, 76, 83, 88, 91, 94, 96, 98, 100};

static uint8_t by_share(const uint8_t *end, aisle_rng *r)
{
    uint8_t i = 0;
    int64_t x = gen_between(r, 0, 99);
    while (x >= end[i]) i++;
    return i;
}

static int32_t liked_leaf(const gen_shop *s, const gen_person *p, aisle_rng *r)
{
    return s->leaf[gen_alias_draw(s->taste[p->gender < 2 ? p->gender : 2][p->age], s->n_leaves, r)];
}

static void draw_interests(const gen_shop *s, gen_person *p, aisle_rng *r)
{
    double share[GEN_INTERESTS], total = 0, sum = 0, next = 1;
    int64_t wanted = gen_between(r, 2, GEN_INTERESTS);
    for (int tries = 0; tries < 40 && p->n_interests < wanted; tries++) {
        int32_t leaf = liked_leaf(s, p, r);
        bool known = false;
        for (int32_t k = 0; k < p->n_interests; k++) known = known || p->interest[k] == leaf;
        if (known) continue;
        p->interest[p->n_interests] = (uint8_t)leaf;
        total += share[p->n_interests++] = next;
        next *= .65;
    }
    for (int32_t k = 0; k < p->n_interests; k++) {
        sum += share[k];
        p->share_end[k] = (uint32_t)(sum / total * (double)UINT32_MAX);
    }
    p->share_end[p->n_interests - 1] = UINT32_MAX;
}

void gen_person_make(const gen_shop *s, int32_t number, gen_person *out)
{
    static const double by_age[] = {-.25, -.1, .05, .1, .1, 0, 0}; /* what is left to spend */
    aisle_rng r;
    aisle_rng_init(&r, s->p.seed, gen_stream(GEN_STREAM_PERSON, number));
    *out = (gen_person){.number = number};
    out->gender = by_share(gender_end, &r);
    out->age = by_share(age_end, &r);
    out->country = by_share(country_end, &r);
    out->style = (uint8_t)gen_between(&r, 0, GEN_STYLES - 1);
    out->price_level = by_age[out->age] + .35 * gen_normal(&r);
    draw_interests(s, out, &r);
}

void gen_person_record(const gen_person *p, char id[16], aisle_user *out)
{
    snprintf(id, 16, "u%d", p->number + 1);
    *out = (aisle_user){.id = aisle_str_from(id),
                        .age_band = aisle_str_from(ages[p->age]),
                        .gender = aisle_str_from(genders[p->gender]),
                        .country = aisle_str_from(countries[p->country])};
}

int32_t gen_person_leaf(const gen_shop *s, const gen_person *p, aisle_rng *r)
{
    uint64_t u = aisle_rng_u64(r);
    if ((u >> 32) % 10 == 0) return liked_leaf(s, p, r);
    int32_t k = 0;
    while ((uint32_t)u > p->share_end[k]) k++;
    return p->interest[k];
}

int32_t gen_person_style(const gen_person *p, aisle_rng *r)
{
    uint64_t u = aisle_rng_u64(r);
    return u >> 62 ? p->style : (int32_t)(u & (GEN_STYLES - 1));
}

double gen_person_fit(const gen_shop *s, const gen_person *p, int32_t item)
{
    const gen_item *it = &s->item[item];
    /* a person loves one brand in four, whichever it is */
    uint64_t h = aisle_mix64(s->p.seed + aisle_mix64((uint64_t)p->number << 8 | it->brand));
    double apart = (it->price_level / 1000. - p->price_level) / .4;
    return .3 * (it->style == p->style) + .3 * (h % 4 == 0) + .4 / (1 + apart * apart);
}

int64_t gen_activity(const gen_shop *s, int32_t number, int64_t left)
{
    const double deviation = 1.1;
    aisle_rng r;
    aisle_rng_init(&r, s->p.seed, gen_stream(GEN_STREAM_ACTIVITY, number));
    double even = (double)left / (s->p.users - number);
    double want = even * gen_exp(deviation * gen_normal(&r) - deviation * deviation / 2) + aisle_rng_f64(&r);
    return want < (double)left ? (int64_t)want : left;
}
