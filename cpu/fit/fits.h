/* The fits that the table of kinds names; private to cpu/fit. One kind, one file. */
#ifndef AISLE_CPU_FIT_FITS_H
#define AISLE_CPU_FIT_FITS_H

#include "aisle/fit.h"

aisle_status fit_als(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err);
aisle_status fit_ease(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err);
aisle_status fit_item_knn(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err);
aisle_status fit_cold_map(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err);
aisle_status fit_content(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err);
aisle_status fit_demographic(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err);
aisle_status fit_fusion(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err);
aisle_status fit_hybrid(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err);
aisle_status fit_popular(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err);
aisle_status fit_stars(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err);
aisle_status fit_stars_bias(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err);
aisle_status fit_trending(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err);
aisle_status fit_user_knn(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err);
aisle_status fit_switch(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err);

#endif
