/* POST /v1/admin/trainings: the options of `aisle train` as members of a JSON object. They are checked before the job is
 * ordered. */
#include "server/http/handlers/handlers.h"
#include "server/jobs/train_order.h"

static void tell(void *ctx, const char *pointer, const char *code, const char *text)
{
    aisle_request_invalid(ctx, pointer, code, "%s", text);
}

aisle_status aisle_on_training_add(aisle_request *r)
{
    static const char *const none[] = {NULL};
    aisle_json_scope body;
    const aisle_train_faults faults = {tell, r};
    aisle_job_order order = {.kind = AISLE_JOB_TRAINING};
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(aisle_json_body(r, &body));
    aisle_status st = aisle_train_order(aisle_request_app(r)->config, body.object, &faults,
                                        aisle_request_arena(r), &order.argv);
    if (st == AISLE_EINVAL) return st;
    char *request = st == AISLE_OK ? json_dumps(body.object, JSON_COMPACT) : NULL;
    if (!request) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the training");
    order.request = request;
    st = aisle_answer_ordered(r, &order);
    aisle_free(request);
    return st;
}
