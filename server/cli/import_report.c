/* Laying out the report of an import. */
#include "server/cli/import_report.h"

#include <inttypes.h>
#include <stdio.h>

static int64_t new_events(const aisle_import_report *r)
{
    return r->events - r->dropped[AISLE_REASON_KNOWN] - r->dropped[AISLE_REASON_BELOW_CORE];
}

static void print_json(const aisle_import_report *r, bool dry_run)
{
    printf("{\"event\":\"done\",\"dry_run\":%s,\"rows\":%" PRId64 ",\"events\":%" PRId64
           ",\"products\":%" PRId64 ",\"users\":%" PRId64 ",\"new_events\":%" PRId64
           ",\"seconds\":%.3f,\"reasons\":{",
           dry_run ? "true" : "false", r->rows_read, r->events, r->products, r->users, new_events(r),
           r->seconds);
    for (int i = 0; i < AISLE_REASON_COUNT; i++)
        printf("%s\"%s\":{\"found\":%" PRId64 ",\"changed\":%" PRId64 ",\"dropped\":%" PRId64 "}",
               i ? "," : "", aisle_import_reason_name((aisle_import_reason)i), r->found[i], r->changed[i],
               r->dropped[i]);
    puts("}}");
}

static void print_table(const aisle_import_report *r, bool dry_run)
{
    bool any = false;
    printf("%" PRId64 " rows read in %.2f s: %" PRId64 " events, %" PRId64 " products, %" PRId64 " users\n",
           r->rows_read, r->seconds, r->events, r->products, r->users);
    for (int i = 0; i < AISLE_REASON_COUNT; i++) {
        if (!r->found[i]) continue;
        if (!any) printf("\n%-20s %12s %12s %12s\n", "reason", "found", "changed", "dropped");
        any = true;
        printf("%-20s %12" PRId64 " %12" PRId64 " %12" PRId64 "\n",
               aisle_import_reason_name((aisle_import_reason)i), r->found[i], r->changed[i], r->dropped[i]);
    }
    printf("%s%" PRId64 " new events%s\n", any ? "\n" : "", new_events(r),
           dry_run ? " found; nothing was stored (dry run)" : " stored");
}

void aisle_import_report_print(const aisle_import_report *r, bool dry_run, bool json)
{
    if (json)
        print_json(r, dry_run);
    else
        print_table(r, dry_run);
}
