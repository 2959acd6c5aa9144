/* The rules that turn a row into an event, a product or a user. What differs between data sets is data in
 * presets.c; what is here holds for all. */
#include "cpu/data/import_row.h"

#include <math.h>

#include "aisle/memory.h"
#include "cpu/data/clean.h"
#include "cpu/data/import_cell.h"

enum { MOST_STARS = 5, ATTRIBUTE_BYTES = 64 };
static const double most_quantity = 1e9;

void row_cleaner_deinit(row_cleaner *c)
{
    for (int t = 0; t < N_TARGETS; t++) aisle_buf_deinit(&c->text[t]);
    aisle_buf_deinit(&c->spare);
    rowset_deinit(&c->seen);
}

/* What every kind of row has in common: its fault, and whether it was there before. */
static void begin_row(row_cleaner *c, const aisle_row *row)
{
    bool known = false;
    c->found = c->dropped = c->changed = 0;
    c->user = (aisle_str){NULL, 0};
    if (row->fault == AISLE_ROW_BAD_UTF8) c->found |= REASON(AISLE_REASON_BAD_UTF8);
    if (row->fault == AISLE_ROW_BAD_QUOTE) note_changed(c, AISLE_REASON_UNREADABLE);
    if (c->keep_duplicates) return;
    if (!rowset_add(&c->seen, rowset_hash(row, c->whole_rows), &known)) c->no_memory = true;
    if (known) note_dropped(c, AISLE_REASON_DUPLICATE_ROW, N_TARGETS);
}

static aisle_str user_id(row_cleaner *c, const aisle_row *row)
{
    aisle_str user = cell_id(c, row, T_USER);
    c->user = c->preset->float_users ? without_zero_fraction(user) : user;
    return c->user;
}

static aisle_str item_id(row_cleaner *c, const aisle_row *row)
{
    aisle_str item = cell_id(c, row, T_ITEM);
    if (!item.len) note_dropped(c, AISLE_REASON_NO_ITEM, T_ITEM);
    for (const char *const *s = c->preset->services; s && *s; s++)
        if (aisle_str_eq(item, aisle_str_from(*s))) note_dropped(c, AISLE_REASON_NOT_A_PRODUCT, T_ITEM);
    return item;
}

static aisle_str title_text(row_cleaner *c, const aisle_row *row)
{
    aisle_str title = cell_text(c, row, T_TITLE, " ");
    if (c->columns.n[T_TITLE] && !title.len) c->found |= REASON(AISLE_REASON_NO_DESCRIPTION);
    return title;
}

static aisle_event_type event_type(row_cleaner *c, const aisle_row *row)
{
    aisle_event_type type = c->type;
    if (!c->type_is_fixed && !aisle_event_type_parse(cell_raw(c, row, T_TYPE, ""), &type))
        note_dropped(c, AISLE_REASON_BAD_TYPE, T_TYPE);
    return type;
}

static bool counts_pieces(aisle_event_type t)
{
    return t == AISLE_EVENT_PURCHASE || t == AISLE_EVENT_CANCEL || t == AISLE_EVENT_ADD_TO_CART ||
           t == AISLE_EVENT_REMOVE_FROM_CART;
}

/* Pieces of a purchase and its like. A cancellation's quantity may come with either sign. */
static double quantity_of(row_cleaner *c, const aisle_row *row, bool cancellation)
{
    double v = 1;
    target t = T_QUANTITY;
    bool got = cell_number(c, row, t, -most_quantity, most_quantity, &v);
    if (!got) got = cell_number(c, row, t = T_VALUE, -most_quantity, most_quantity, &v);
    if (got && v < 0 && !cancellation) note_dropped(c, AISLE_REASON_NEGATIVE_QUANTITY, t);
    if (got && v == 0) note_dropped(c, AISLE_REASON_BAD_NUMBER, t);
    return fabs(v);
}

static double stars_of(row_cleaner *c, const aisle_row *row, bool needed)
{
    double unit = c->preset->stars > 0 ? c->preset->stars : 1, v = 0;
    if (!cell_number(c, row, T_VALUE, 0, MOST_STARS / unit, &v) && needed)
        note_dropped(c, AISLE_REASON_BAD_NUMBER, T_VALUE);
    return v * unit;
}

static double value_of(row_cleaner *c, const aisle_row *row, aisle_event_type type, bool cancellation)
{
    if (counts_pieces(type)) return quantity_of(c, row, cancellation);
    if (type == AISLE_EVENT_RATING || type == AISLE_EVENT_REVIEW)
        return stars_of(c, row, type == AISLE_EVENT_RATING);
    return 1;
}

static bool starts_with(aisle_str s, const char *prefix)
{
    size_t n = prefix ? strlen(prefix) : 0;
    return n > 0 && s.len > n && memcmp(s.ptr, prefix, n) == 0;
}

/* Price of one piece, from the price of all where the data set books that. */
static int64_t unit_price(const row_cleaner *c, int64_t price, double pieces)
{
    if (price < 0 || !c->preset->price_is_total || pieces < 1) return price;
    return (int64_t)llround((double)price / pieces);
}

/* A row without customer, or booked twice, still knows its product; one dropped for anything else is not
 * believed. */
static void gather_row(row_cleaner *c, const aisle_row *row, const aisle_event *e, aisle_str title)
{
    const uint32_t harmless = REASON(AISLE_REASON_NO_USER) | REASON(AISLE_REASON_DUPLICATE_ROW);
    if (c->gather_products && (c->dropped & ~harmless) == 0) {
        aisle_product p = {.id = e->item,
                           .title = title,
                           .description = cell_text(c, row, T_DESCRIPTION, " "),
                           .brand = cell_text(c, row, T_BRAND, " "),
                           .category = cell_text(c, row, T_CATEGORY, " > "),
                           .price_minor = e->type == AISLE_EVENT_CANCEL ? -1 : e->price_minor};
        if (!gather_product(c->gather, &p, e->at_ms)) c->no_memory = true;
    }
    if (c->gather_users && c->dropped == 0 && e->user.len) {
        aisle_user u = {e->user, cell_raw(c, row, T_AGE_BAND, " "), cell_raw(c, row, T_GENDER, " "),
                        cell_raw(c, row, T_COUNTRY, " ")};
        if (!gather_user(c->gather, &u)) c->no_memory = true;
    }
}

void clean_event(row_cleaner *c, const aisle_row *row, aisle_event *out)
{
    begin_row(c, row);
    *out = (aisle_event){.event_id = cell_id(c, row, T_EVENT_ID),
                         .user = user_id(c, row),
                         .session = cell_id(c, row, T_SESSION),
                         .item = item_id(c, row),
                         .order = cell_id(c, row, T_ORDER),
                         .at_ms = cell_time(c, row, T_TIME)};
    if (!out->user.len && !out->session.len)
        note_dropped(c, AISLE_REASON_NO_USER, c->columns.n[T_USER] ? T_USER : T_SESSION);
    out->type = event_type(c, row);
    bool cancellation = starts_with(out->order, c->preset->cancel_prefix);
    if (cancellation) {
        c->found |= REASON(AISLE_REASON_CANCELLATION);
        out->type = AISLE_EVENT_CANCEL;
    }
    out->value = value_of(c, row, out->type, cancellation);
    aisle_str currency = cell_raw(c, row, T_CURRENCY, "");
    out->price_minor = unit_price(c, cell_price(c, row, currency.len ? currency : c->currency), out->value);
    double position = 0;
    cell_number(c, row, T_POSITION, 0, INT32_MAX, &position);
    out->position = (int32_t)position;
    gather_row(c, row, out, title_text(c, row));
}

/* The first of a flat list ("Drama|Romance") is the category; a path stays as it is. */
static aisle_str first_of_list(const row_cleaner *c, aisle_str list)
{
    const char *separator = c->preset->list_separator;
    const char *at = separator && list.len ? memmem(list.ptr, list.len, separator, strlen(separator)) : NULL;
    return at ? (aisle_str){list.ptr, (size_t)(at - list.ptr)} : list;
}

void clean_product(row_cleaner *c, const aisle_row *row, aisle_product *out)
{
    const double most_stock = 1e12;
    double stock = -1;
    begin_row(c, row);
    aisle_str category = cell_text(c, row, T_CATEGORY, " > "), currency = cell_raw(c, row, T_CURRENCY, "");
    cell_number(c, row, T_STOCK, 0, most_stock, &stock);
    *out = (aisle_product){.id = item_id(c, row),
                           .title = title_text(c, row),
                           .description = cell_text(c, row, T_DESCRIPTION, " "),
                           .brand = cell_text(c, row, T_BRAND, " "),
                           .category = first_of_list(c, category),
                           .currency = currency.len ? currency : c->currency,
                           .stock = (int64_t)stock,
                           .created_ms = cell_time(c, row, T_CREATED)};
    out->price_minor = cell_price(c, row, out->currency);
    out->images = cell_images(c, row);
    out->attributes = cell_attributes(c, row, c->preset->list_separator ? category : (aisle_str){NULL, 0});
}

void clean_user(row_cleaner *c, const aisle_row *row, aisle_user *out)
{
    begin_row(c, row);
    *out = (aisle_user){user_id(c, row), cell_raw(c, row, T_AGE_BAND, " "), cell_raw(c, row, T_GENDER, " "),
                        cell_raw(c, row, T_COUNTRY, " ")};
    if (!out->id.len) note_dropped(c, AISLE_REASON_NO_USER, T_USER);
    if (out->age_band.len > ATTRIBUTE_BYTES) note_dropped(c, AISLE_REASON_ID_TOO_LONG, T_AGE_BAND);
    if (out->gender.len > ATTRIBUTE_BYTES) note_dropped(c, AISLE_REASON_ID_TOO_LONG, T_GENDER);
    if (out->country.len > ATTRIBUTE_BYTES) note_dropped(c, AISLE_REASON_ID_TOO_LONG, T_COUNTRY);
}
