/* The presets: small files in each data set's form, and the real online-retail with its known dirt. */
#include <criterion/criterion.h>

#include "tests/unit/data/sink_text.h"

static sink_text import_text(const char *preset, const aisle_import_file *files, int32_t n,
                             aisle_import_report *report)
{
    sink_text t = {0};
    aisle_sink sink = sink_of(&t);
    aisle_error err = {0};
    aisle_import_params p = {.preset = preset, .files = files, .n_files = n};
    cr_assert_eq(aisle_import(&p, &sink, report, &err), AISLE_OK, "%s", err.message);
    return t;
}

static void expect_text(const char *preset, const aisle_import_file *files, int32_t n, const char *wanted)
{
    aisle_import_report report;
    sink_text t = import_text(preset, files, n, &report);
    cr_expect_str_eq(t.out.data, wanted);
    aisle_buf_deinit(&t.out);
}

#define EVENTS_FILE(name, text)                                                                              \
    {                                                                                                        \
        write_text(&f, name, text), AISLE_ROLE_EVENTS, NULL                                                  \
    }
#define PRODUCTS_FILE(name, text)                                                                            \
    {                                                                                                        \
        write_text(&f, name, text), AISLE_ROLE_PRODUCTS, NULL                                                \
    }

Test(presets, every_name_has_one_line_of_help)
{
    int n = 0;
    for (const char *const *name = aisle_import_preset_names(); *name; name++, n++) {
        cr_assert_not_null(aisle_import_preset_help(*name), "%s", *name);
        cr_expect_null(strchr(aisle_import_preset_help(*name), '\n'));
    }
    cr_expect_eq(n, 8);
    cr_expect_null(aisle_import_preset_help("nope"));
    cr_expect_null(aisle_import_preset_help(NULL));
}

Test(presets, the_committed_sample_of_the_generator_imports_without_a_loss)
{
    const char *root = AISLE_SOURCE_DIR "/datasets/sample/";
    aisle_import_file files[3] = {{new_path(), AISLE_ROLE_PRODUCTS, NULL},
                                  {new_path(), AISLE_ROLE_USERS, NULL},
                                  {new_path(), AISLE_ROLE_EVENTS, NULL}};
    static const char *const names[] = {"products.csv", "users.csv", "events.csv"};
    for (int i = 0; i < 3; i++) snprintf((char *)(uintptr_t)files[i].path, 1000, "%s%s", root, names[i]);
    aisle_import_report r;
    sink_text t = import_text("generated", files, 3, &r);
    for (int i = 0; i < AISLE_REASON_COUNT; i++)
        cr_expect_eq(r.found[i], 0, "%s", aisle_import_reason_name((aisle_import_reason)i));
    cr_expect_eq(r.products, 120);
    cr_expect_eq(r.users, 200);
    cr_expect_eq(r.products + r.users + r.events, r.rows_read);
    cr_expect_not_null(
        strstr(t.out.data, "|Hedby|Fashion > Women > Dresses|7795 EUR|321|{\"colour\":\"Sky Blue\","));
    cr_expect_not_null(strstr(t.out.data, "user u1|35-44|m|SE\n"));
    cr_expect_not_null(strstr(t.out.data, "add_to_cart u1|s1-1|p58||1|18900|1749584431712\n"));
    aisle_buf_deinit(&t.out);
}

Test(presets, movielens_takes_the_first_genre_as_category_and_all_as_attribute)
{
    folder f = make_folder();
    aisle_import_file files[] = {
        EVENTS_FILE("ratings.csv", "userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n"),
        PRODUCTS_FILE("movies.csv", "movieId,title,genres\n31,\"Lives, The (1995)\",Drama|War\n")};
    expect_text("movielens", files, 2,
                "rating 1||31||2.5|-1|1260759144000\n"
                "product 31|Lives, The (1995)|||Drama|-1 USD|-1|{\"genres\":[\"Drama\",\"War\"]}\n");
    remove_folder(&f);
}

Test(presets, retailrocket_takes_the_type_from_the_file_name)
{
    folder f = make_folder();
    aisle_import_file files[] = {
        EVENTS_FILE("add_to_cart_ecommerce.dat", "visitorid\titemid\tevent\n1\t9\t1\n"),
        EVENTS_FILE("view_ecommerce.dat", "visitorid\titemid\tevent\n1\t8\t1\n")};
    expect_text("retailrocket", files, 2, "add_to_cart 1||9||1|-1|0\nview 1||8||1|-1|0\n");
    remove_folder(&f);
}

Test(presets, amazon_reads_python_lists_out_of_a_json_map)
{
    folder f = make_folder();
    aisle_import_file files[] = {
        PRODUCTS_FILE(
            "item.json",
            "{\n \"0\": {\n  \"title\": \"Ink\",\n  \"description\": \"['One.', \\\"It's &amp; two\\\"]\",\n"
            "  \"brand\": \"HP\",\n  \"categories\": \"['Office', 'Ink']\"\n }\n}\n"),
        EVENTS_FILE("x.tsv", "user_id\titem_id\nA9\t0\n")};
    expect_text("amazon", files, 2,
                "product 0|Ink|One. It's & two|HP|Office > Ink|-1 USD|-1|\n"
                "purchase A9||0||1|-1|0\n");
    remove_folder(&f);
}

Test(presets, completejourney_divides_the_price_of_the_line_by_its_pieces)
{
    folder f = make_folder();
    aisle_import_file files[] = {
        PRODUCTS_FILE(
            "products.csv",
            "product_id,manufacturer_id,department,brand,product_category,product_type,package_size\n"
            "5,2,GROCERY,National,ICE,,22 LB\n"),
        EVENTS_FILE("t.csv",
                    "household_id,store_id,basket_id,product_id,quantity,sales_value,transaction_timestamp\n"
                    "1,3,7,5,3,2.00,2017-01-28 19:06:53\n")};
    expect_text("completejourney", files, 2,
                "product 5|||National|GROCERY > ICE|-1 "
                "USD|-1|{\"manufacturer_id\":\"2\",\"package_size\":\"22 LB\"}\n"
                "purchase 1||5|7|3|67|1485630413000\n");
    remove_folder(&f);
}

Test(presets, lightgcn_reads_adjacency_lists_and_anime_halves_its_ratings)
{
    folder f = make_folder();
    aisle_import_file train = EVENTS_FILE("train.txt", "0 7 8\n");
    expect_text("lightgcn", &train, 1, "purchase 0||7||1|-1|0\npurchase 0||8||1|-1|0\n");
    aisle_import_file files[] = {EVENTS_FILE("anime_ratings.dat", "User_ID\tAnime_ID\tFeedback\n1\t137\t9\n"),
                                 PRODUCTS_FILE("anime_info.dat",
                                               "anime_ids\tname\tgenre\ttype\tepisodes\trating\tmembers\n"
                                               "137\tGintama&#039;\tAction, Sci-Fi\tTV\t51\t9.16\t151266\n")};
    expect_text("anime", files, 2,
                "rating 1||137||4.5|-1|0\nproduct 137|Gintama'|||Action|-1 "
                "USD|-1|{\"genre\":[\"Action\",\"Sci-Fi\"],\"type\":\"TV\",\"episodes\":\"51\"}\n");
    remove_folder(&f);
}

Test(presets, online_retail_has_exactly_its_known_dirt)
{
    const char *path = real_file("online-retail/online_retail.csv.zst");
    if (!path) cr_skip_test("online-retail is not on this machine (set AISLE_DATA)");
    aisle_import_file file = {path, AISLE_ROLE_EVENTS, NULL};
    aisle_import_report r;
    sink_text t = import_text("online-retail", &file, 1, &r);
    cr_expect_eq(r.rows_read, 541909);
    cr_expect_eq(r.found[AISLE_REASON_NO_USER], 135080);
    cr_expect_eq(r.found[AISLE_REASON_CANCELLATION], 9288);
    cr_expect_eq(r.found[AISLE_REASON_DUPLICATE_ROW], 5268);
    cr_expect_eq(r.found[AISLE_REASON_NO_DESCRIPTION], 1454);
    /* 10,624 negative quantities, of which the cancellations are no fault */
    cr_expect_eq(r.found[AISLE_REASON_NEGATIVE_QUANTITY], 10624 - 9288);
    cr_expect_eq(r.found[AISLE_REASON_UNREADABLE] + r.found[AISLE_REASON_BAD_UTF8], 0);
    int64_t lost = 0;
    for (int i = 0; i < AISLE_REASON_COUNT; i++) lost += r.dropped[i];
    cr_expect_eq(r.events + lost, r.rows_read);
    cr_expect_not_null(strstr(t.out.data, "product 85123A|WHITE HANGING HEART T-LIGHT HOLDER||||"));
    cr_expect_not_null(strstr(t.out.data, "user 12347|||Iceland\n"));
    cr_expect_null(strstr(t.out.data, "product POST|"));
    aisle_buf_deinit(&t.out);
}
