/* Two tokenizers in a row: one folds and cuts, the other stems the single words, or drops them as words without topic.
 */
#include "server/search/terms.h"

#include "aisle/memory.h"

struct aisle_terms {
    aisle_tokenizer *folder, *stemmer;
    /* the call under way */
    aisle_terms_fn *fn;
    void *ctx;
    aisle_term term;
};

aisle_status aisle_terms_new(aisle_terms **out, aisle_error *err)
{
    *out = NULL;
    aisle_terms *t = aisle_calloc(1, sizeof *t);
    if (!t) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the search's words");
    aisle_status st = aisle_tokenizer_new("none", &t->folder, err);
    if (st == AISLE_OK) st = aisle_tokenizer_new("english", &t->stemmer, err);
    if (st == AISLE_OK)
        *out = t;
    else
        aisle_terms_free(t);
    return st;
}

void aisle_terms_free(aisle_terms *t)
{
    if (!t) return;
    aisle_tokenizer_free(t->folder);
    aisle_tokenizer_free(t->stemmer);
    aisle_free(t);
}

/* The stem is handed on from here, while it is valid. */
static aisle_status take_stem(void *ctx, aisle_str stem)
{
    aisle_terms *t = ctx;
    t->term.stem = stem;
    t->term.stop = false;
    return t->fn(t->ctx, &t->term);
}

static aisle_status take_word(void *ctx, aisle_str word)
{
    aisle_terms *t = ctx;
    t->term = (aisle_term){word, word, true};
    AISLE_TRY(aisle_tokenizer_run(t->stemmer, word, take_stem, t, NULL));
    return t->term.stop ? t->fn(t->ctx, &t->term) : AISLE_OK;
}

aisle_status aisle_terms_run(aisle_terms *t, aisle_str text, aisle_terms_fn *fn, void *ctx, aisle_error *err)
{
    t->fn = fn;
    t->ctx = ctx;
    return aisle_tokenizer_run(t->folder, text, take_word, t, err);
}

static aisle_status note_stem(void *ctx, aisle_str stem)
{
    *(bool *)ctx = stem.len == 0;
    return AISLE_OK;
}

bool aisle_terms_is_stop(aisle_terms *t, aisle_str word)
{
    bool stop = true;
    return aisle_tokenizer_run(t->stemmer, word, note_stem, &stop, NULL) == AISLE_OK && stop;
}
