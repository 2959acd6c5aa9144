/* The training options as `aisle train` and `aisle evaluate` read them, and test pairs out of a file. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <unistd.h>

#include "server/cli/test_pairs.h"
#include "server/cli/train_options.h"

static aisle_status read_options(int argc, char **argv, aisle_train_params *p, aisle_error *err)
{
    static const aisle_usage usage = {"train", "", "", NULL, 0, 0};
    const aisle_option none[] = {{0}};
    aisle_option table[AISLE_TRAIN_OPTION_ROWS];
    aisle_train_options o;
    int32_t n;
    aisle_train_options_init(&o, AISLE_SCOPE_TRAIN, none, table);
    cr_assert_eq(aisle_options_parse(&usage, table, argc, argv, NULL, &n), -1);
    return aisle_train_options_read(&o, p, err);
}

#define READ(p, err, ...)                                                                                    \
    read_options((int)(sizeof((char *[]){"train", __VA_ARGS__}) / sizeof(char *)),                           \
                 (char *[]){"train", __VA_ARGS__}, p, err)

Test(train_options, defaults_are_those_of_the_library)
{
    aisle_train_params got, want = aisle_train_params_default();
    char *argv[] = {"train"};
    cr_assert_eq(read_options(1, argv, &got, NULL), AISLE_OK);
    cr_assert_eq(got.factors, want.factors);
    cr_assert_eq(got.iterations, want.iterations);
    cr_assert_eq(got.seed, want.seed);
    cr_assert(got.als.a0 == want.als.a0 && got.als.reg == want.als.reg && got.als.nu == want.als.nu);
    cr_assert(got.als.solver == want.als.solver && got.init_scale == want.init_scale);
    cr_assert(got.validation == want.validation && got.patience == want.patience);
    cr_assert(got.k_similar == want.k_similar && got.k_content == want.k_content);
    cr_assert(got.trending_days == want.trending_days && got.user_core == 0 && got.item_core == 0);
    cr_assert_arr_eq(got.weights.weight, want.weights.weight, sizeof want.weights.weight);
    cr_assert(got.weights.rating_floor == want.weights.rating_floor && !got.weights.binary);
}

Test(train_options, weights_and_fields_are_lists_of_names)
{
    aisle_train_params p;
    cr_assert_eq(READ(&p, NULL, "--weight", "view=.5,purchase=4", "-w", "like=1", "--fields", "brand=7",
                      "--solver", "pcg", "--text-scheme", "bm25", "--now", "2026-01-02"),
                 AISLE_OK);
    cr_assert_eq(p.weights.weight[AISLE_EVENT_VIEW], .5f);
    cr_assert_eq(p.weights.weight[AISLE_EVENT_PURCHASE], 4);
    cr_assert_eq(p.weights.weight[AISLE_EVENT_LIKE], 1);
    cr_assert_eq(p.weights.weight[AISLE_EVENT_ADD_TO_CART], 1, "one that is not named stays");
    cr_assert(p.text.brand_weight == 7 && p.text.title_weight == 3);
    cr_assert(p.als.solver == AISLE_SOLVER_PCG && p.text.scheme == AISLE_TEXT_BM25);
    cr_assert_eq(p.weights.now_ms, 1767312000000);
}

Test(train_options, wrong_values_name_their_option)
{
    aisle_train_params p;
    aisle_error err;
    cr_assert_eq(READ(&p, &err, "--weight", "view"), AISLE_EINVAL);
    cr_assert(strstr(err.message, "--weight view"), "%s", err.message);
    cr_assert_eq(READ(&p, &err, "--weight", "stare=1"), AISLE_EINVAL);
    cr_assert(strstr(err.message, "stare"), "%s", err.message);
    cr_assert_eq(READ(&p, &err, "--weight", "view=1,"), AISLE_EINVAL);
    cr_assert_eq(READ(&p, &err, "--fields", "colour=1"), AISLE_EINVAL);
    cr_assert_eq(READ(&p, &err, "--fields", "title=0,description=0,category=0,brand=0,attributes=0,price=0"), AISLE_EINVAL);
    cr_assert_eq(READ(&p, &err, "--now", "yesterday"), AISLE_EINVAL);
    cr_assert(strstr(err.message, "--now"), "%s", err.message);
    cr_assert_eq(READ(&p, &err, "--patience", "3"), AISLE_EINVAL);
    cr_assert(strstr(err.message, "patience"), "%s", err.message);
}

/* a and b know items x and y. Of the file's rows: a-x and b-y match, a-z has an unknown item, c-x an unknown
 * user, a-x again is one pair. */
Test(test_pairs, unknown_ids_are_counted_and_equal_pairs_are_one)
{
    char path[64];
    aisle_dataset *d = aisle_dataset_new();
    aisle_sink sink = aisle_dataset_sink(d);
    aisle_error err = {0};
    const char *known[2][2] = {{"a", "x"}, {"b", "y"}};
    for (int i = 0; i < 2; i++) {
        aisle_event e = {.user = aisle_str_from(known[i][0]),
                         .item = aisle_str_from(known[i][1]),
                         .type = AISLE_EVENT_PURCHASE,
                         .value = 1,
                         .price_minor = -1};
        cr_assert_eq(sink.event(sink.ctx, &e, NULL), AISLE_OK);
    }
    snprintf(path, sizeof path, "/tmp/aisle-test-pairs-%d.csv", (int)getpid());
    FILE *f = fopen(path, "w");
    fputs("user,item,type\na,x,purchase\nb,y,purchase\na,z,purchase\nc,x,purchase\na,x,view\nb,x,dislike\n",
          f);
    fclose(f);
    aisle_import_file file = {.path = path, .role = AISLE_ROLE_EVENTS};
    aisle_import_params p = {.files = &file, .n_files = 1, .map = "user=user,item=item,type=type"};
    aisle_test_ids ids = {.dataset = d};
    aisle_weights w = aisle_weights_default();
    aisle_test_pairs t;
    cr_assert_eq(aisle_test_pairs_read(&p, &ids, &w, &t, &err), AISLE_OK, "%s", err.message);
    cr_assert_eq(t.events, 5, "a dislike is no test pair");
    cr_assert_eq(t.unknown_user, 1);
    cr_assert_eq(t.unknown_item, 1);
    cr_assert(t.pairs.n_rows == 2 && t.pairs.n_cols == 2 && aisle_csr_nnz(&t.pairs) == 2);
    cr_assert(t.pairs.col[0] == 0 && t.pairs.col[1] == 1);
    unlink(path);
    aisle_csr_deinit(&t.pairs);
    aisle_dataset_free(d);
}

static int parse_with(const char *text, aisle_train_options *o, aisle_train_params *p)
{
    static const aisle_usage usage = {"train", "", "", NULL, 0, 0};
    static const aisle_option none[] = {{0}};
    static aisle_option table[AISLE_TRAIN_OPTION_ROWS];
    char path[64];
    snprintf(path, sizeof path, "/tmp/aisle-test-config-%d.conf", (int)getpid());
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    char *argv[] = {"train", "--factors", "7", "--config", path, "--weight", "view=.5"};
    aisle_train_options_init(o, AISLE_SCOPE_TRAIN, none, table);
    int code = aisle_train_options_parse(o, &usage, table, 7, argv);
    unlink(path);
    if (code < 0) cr_assert_eq(aisle_train_options_read(o, p, NULL), AISLE_OK);
    return code;
}

Test(train_options, a_file_sets_what_the_command_line_leaves)
{
    aisle_train_options o;
    aisle_train_params p;
    cr_assert_eq(
        parse_with("# best\nfactors = 99\n\nregularization=.5\nbinary = true\nweight = view=2,like=3\n"
                   "ease-reg = 17 \ntext-scheme = bm25\n",
                   &o, &p),
        -1);
    cr_assert_eq(p.factors, 7, "the option wins");
    cr_assert_eq(p.als.reg, .5f);
    cr_assert(p.weights.binary && p.text.scheme == AISLE_TEXT_BM25);
    cr_assert_eq(p.ease.reg, 17, "settings of kinds that train does not make may stand in a file");
    cr_assert_eq(p.weights.weight[AISLE_EVENT_VIEW], .5f);
    cr_assert_eq(p.weights.weight[AISLE_EVENT_LIKE], 3);
    aisle_train_options_deinit(&o);
}

Test(train_options, a_wrong_line_of_a_file_ends_with_2)
{
    static const char *const texts[] = {"factors 3\n", "factors = many\n", "nothing = 1\n",
                                        "text-scheme = bm26"};
    aisle_train_options o;
    aisle_train_params p;
    cr_redirect_stderr();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cr_assert_eq(parse_with(texts[i], &o, &p), 2, "%s", texts[i]);
        aisle_train_options_deinit(&o);
    }
}
