/* The presets. A new public data set is a new row here. */
#include "cpu/data/presets.h"

/* Postage, discounts, fees and manual corrections that online-retail books as if they were stock. */
static const char *const online_retail_services[] = {
    "POST", "DOT", "C2", "D", "M", "m", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK", "PADS", NULL};

#define EVENTS   [AISLE_ROLE_EVENTS]
#define PRODUCTS [AISLE_ROLE_PRODUCTS]
#define USERS    [AISLE_ROLE_USERS]

static const preset presets[] = {
    {.name = "generated",
     .help = "the CSV files that `aisle generate` writes; also the default",
     .map = {EVENTS = "event_id=event_id,user=user|user_id,session=session,item=item|item_id|product_id,"
                      "order=order|order_id,type=type|event_type,time=time|timestamp,value=value|rating,"
                      "quantity=quantity,price=price,position=position",
             PRODUCTS =
                 "item=id|item|item_id|product_id,title=title|name,description=description,brand=brand,"
                 "category=category,price=price,currency=currency,stock=stock,attributes=attributes,"
                 "images=images|image|image_url,created=created",
             USERS = "user=id|user|user_id,age_band=age_band,gender=gender,country=country"}},
    {.name = "online-retail",
     .help = "UCI Online Retail: one file of invoice lines gives events, products and users",
     .map = {EVENTS = "user=CustomerID,item=StockCode,order=InvoiceNo,time=InvoiceDate,quantity=Quantity,"
                      "price=UnitPrice,title=Description,country=Country"},
     .event_type = "purchase",
     .currency = "GBP",
     .cancel_prefix = "C",
     .services = online_retail_services,
     .float_users = true},
    {.name = "movielens",
     .help = "MovieLens CSV: ratings.csv as events, movies.csv as products",
     .map = {EVENTS = "user=userId,item=movieId,value=rating,time=timestamp",
             PRODUCTS = "item=movieId,title=title,category=genres"},
     .event_type = "rating",
     .list_separator = "|"},
    {.name = "retailrocket",
     .help = "RetailRocket by CaseRec: view_*, add_to_cart_*, purchase_* .dat as events",
     .map = {EVENTS = "user=visitorid,item=itemid"},
     .format = {EVENTS = AISLE_FORMAT_TSV},
     .type_by_file_name = true},
    {.name = "amazon",
     .help = "Amazon reviews by MiniOneRec: *.interactions.tsv and *.item.json",
     .map = {EVENTS = "user=user_id,item=item_id",
             PRODUCTS = "item=_key,title=title,description=description,brand=brand,category=categories"},
     .format = {PRODUCTS = AISLE_FORMAT_JSON_MAP},
     .event_type = "purchase",
     .python_lists = true},
    {.name = "completejourney",
     .help = "Complete Journey 2.0 as CSV: transactions as events, products.csv as products",
     .map = {EVENTS = "user=household_id,item=product_id,order=basket_id,time=transaction_timestamp,"
                      "quantity=quantity,price=sales_value",
             PRODUCTS = "item=product_id,title=product_type,brand=brand,"
                        "category=department+product_category+product_type,"
                        "attributes=manufacturer_id+package_size"},
     .event_type = "purchase",
     .price_is_total = true},
    {.name = "lightgcn",
     .help = "NGCF/LightGCN splits: train.txt of lines \"user item item ...\" as events",
     .map = {EVENTS = "user=user,item=item"},
     .format = {EVENTS = AISLE_FORMAT_ADJACENCY},
     .event_type = "purchase"},
    {.name = "anime",
     .help = "Anime by CaseRec: anime_ratings.dat (1-10 become 0.5-5 stars), anime_info.dat",
     .map = {EVENTS = "user=User_ID,item=Anime_ID,value=Feedback",
             PRODUCTS = "item=anime_ids,title=name,category=genre,attributes=type+episodes"},
     .format = {EVENTS = AISLE_FORMAT_TSV, PRODUCTS = AISLE_FORMAT_TSV},
     .event_type = "rating",
     .stars = 0.5,
     .list_separator = ", "},
};
enum { N_PRESETS = sizeof presets / sizeof *presets };

const preset *preset_find(const char *name)
{
    if (!name || !*name) return presets;
    for (int i = 0; i < N_PRESETS; i++)
        if (strcmp(name, presets[i].name) == 0) return &presets[i];
    return NULL;
}

const char *const *aisle_import_preset_names(void)
{
    static const char *const names[] = {"generated",    "online-retail", "movielens",
                                        "retailrocket", "amazon",        "completejourney",
                                        "lightgcn",     "anime",         NULL};
    return names;
}

const char *aisle_import_preset_help(const char *name)
{
    const preset *p = name ? preset_find(name) : NULL;
    return p ? p->help : NULL;
}
