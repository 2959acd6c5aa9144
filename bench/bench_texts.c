/* How long from product texts to the most similar products of each: vocabulary, TF-IDF, neighbours? Answers are verified
 * before anything is timed. Texts are in memory already: no file is read in the time that counts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"
#include "aisle/text.h"
#include "bench/bench.h"

typedef struct job {
    const bench_run *b;
    aisle_dataset *d;
    aisle_text_params p;
    int32_t k, *ids;
    float *scores;
    aisle_csr m;               /* of the last run */
    double learn, weigh, seek; /* the least seconds of each part */
} job;

/* One product a line, its title the line. */
static aisle_dataset *read_texts(const char *path)
{
    aisle_mapping map;
    aisle_dataset *d = aisle_dataset_new();
    if (!path) bench_stop("--texts", "FILE is wanted, one text a line");
    if (!d) bench_stop(path, "out of memory");
    BENCH_MUST(aisle_file_map(path, &map, err));
    aisle_sink sink = aisle_dataset_sink(d);
    const char *at = (const char *)map.data, *end = at + map.size;
    for (int64_t n = 0; at < end; n++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        char id[24];
        snprintf(id, sizeof id, "%lld", (long long)n);
        const aisle_product p = {
            .id = aisle_str_from(id), .title = {at, (size_t)(stop - at)}, .price_minor = -1, .stock = -1};
        BENCH_MUST(sink.product(sink.ctx, &p, err));
        at = stop + 1;
    }
    aisle_file_unmap(&map);
    return d;
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

static void run(void *arg)
{
    job *j = arg;
    aisle_vocabulary *v;
    aisle_dev_csr *dm;
    aisle_csr_deinit(&j->m);
    double t0 = bench_seconds();
    BENCH_MUST(aisle_vocabulary_learn(j->d, NULL, &j->p, &v, err));
    double t1 = bench_seconds();
    BENCH_MUST(aisle_text_matrix(j->d, v, NULL, &j->m, err));
    double t2 = bench_seconds();
    BENCH_MUST(j->b->ops->csr_put(j->b->d, &j->m, &dm, err));
    BENCH_MUST(j->b->ops->similar_topk(j->b->d, dm, j->k, j->ids, j->scores, NULL, err));
    double t3 = bench_seconds();
    j->b->ops->csr_free(j->b->d, dm);
    aisle_vocabulary_free(v);
    j->learn = least(j->learn, t1 - t0);
    j->weigh = least(j->weigh, t2 - t1);
    j->seek = least(j->seek, t3 - t2);
}

int main(int argc, char **argv)
{
    static bench_run b;
    static bench_times t;
    const char *texts = bench_take(&argc, argv, "--texts"), *ngram = bench_take(&argc, argv, "--ngram");
    const char *language = bench_take(&argc, argv, "--language"), *df = bench_take(&argc, argv, "--df");
    bench_open(&b, false, argc, argv);
    job j = {.b = &b,
             .d = read_texts(texts),
             .k = b.o.n ? b.o.n : 50,
             .learn = INFINITY,
             .weigh = INFINITY,
             .seek = INFINITY};
    j.p = (aisle_text_params){.language = language, .ngram = ngram ? atoi(ngram) : 0, .title_weight = 1};
    if (df && strcmp(df, "all") == 0)
        j.p.min_df = 1, j.p.max_df = 1;
    else if (df)
        bench_stop("--df", "must be all, which keeps terms of any frequency");
    int64_t n = aisle_idmap_count(aisle_dataset_items(j.d));
    j.ids = aisle_array(n * j.k, sizeof *j.ids);
    j.scores = aisle_array(n * j.k, sizeof *j.scores);
    if (!j.ids || !j.scores) bench_stop("neighbours", "out of memory");
    run(&j);
    for (int64_t s = 0; s < 16; s++) {
        int32_t r = (int32_t)(n * s / 16);
        bench_verify_neighbours(&j.m, r, j.k, j.ids + (int64_t)r * j.k, j.scores + (int64_t)r * j.k);
    }
    bench_time(&b, run, &j, &t);
    aisle_csr lists;
    BENCH_MUST(aisle_csr_transpose(&j.m, &lists, err));
    bench_counts need = bench_count_pairs(&lists);
    char extra[240];
    snprintf(extra, sizeof extra,
             ",\"k\":%d,\"terms\":%d,\"learn_s\":%.6f,\"weigh_s\":%.6f,\"similar_s\":%.6f", j.k, j.m.n_cols,
             j.learn, j.weigh, j.seek);
    aisle_csr_deinit(&lists);
    aisle_csr_deinit(&b.c);
    b.c = j.m;
    b.o.matrix = texts; /* its name */
    bench_print(&b, "texts", 0, &t, &need, extra);
    b.o.matrix = NULL;
    aisle_free(j.ids);
    aisle_free(j.scores);
    aisle_dataset_free(j.d);
    bench_close(&b);
    return 0;
}
