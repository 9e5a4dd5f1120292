#include "columns.h"

#include "edgesplit/number.h"

#define IS_DOUBLE(type) _Generic((type){0}, double : true, default : false)
const struct column columns[ES_N_COLUMNS] = {
#define ES_COLUMN(name, type, units, long_name)                                                    \
    {#name, units, long_name, offsetof(es_block, name), sizeof(type), IS_DOUBLE(type)},
#include "edgesplit/column.def"
#undef ES_COLUMN
};

static bool is_of_tiers(size_t c) {
    return c == ES_COLUMN_backhaul_queue_time || c == ES_COLUMN_backhaul_time ||
           c == ES_COLUMN_backhaul_bytes || c == ES_COLUMN_cloud_queue_time ||
           c == ES_COLUMN_cloud_time;
}

static bool is_of_exits(size_t c) {
    return c == ES_COLUMN_exit || c == ES_COLUMN_accuracy;
}

bool column_is_optional(size_t c) {
    return c == ES_COLUMN_device || is_of_tiers(c) || is_of_exits(c);
}

bool column_is_kept(size_t c, const es_run_record *record) {
    return (c != ES_COLUMN_device || record->n_devices > 1) &&
           (!is_of_tiers(c) || record->has_cloud) && (!is_of_exits(c) || record->n_exits > 0);
}

bool figure_is_kept(size_t f, bool has_cloud, bool has_exits) {
    if (f == ES_SUMMARY_accuracy_mean)
        return has_exits;
    return has_cloud ||
           (f != ES_SUMMARY_backhaul_queue_time_mean && f != ES_SUMMARY_backhaul_time_mean &&
            f != ES_SUMMARY_backhaul_bytes_mean && f != ES_SUMMARY_cloud_queue_time_mean &&
            f != ES_SUMMARY_cloud_time_mean);
}

const void *column_padding(size_t c) {
    static const double not_known = ES_NAN;
    static const int64_t none = 0;
    static const int32_t no_cut = -1;
    static const int8_t no_request = ES_STEP_PADDING;
    if (columns[c].is_double)
        return &not_known;
    return c == ES_COLUMN_split_index ? (const void *)&no_cut
           : c == ES_COLUMN_status    ? (const void *)&no_request
                                      : (const void *)&none;
}

hid_t column_type(size_t c) {
    if (columns[c].is_double)
        return H5T_NATIVE_DOUBLE;
    return columns[c].size == 8   ? H5T_NATIVE_INT64
           : columns[c].size == 4 ? H5T_NATIVE_INT32
                                  : H5T_NATIVE_INT8;
}

void column_describe_status(netcdf *nc, hid_t status) {
    const int8_t values[] = {ES_STEP_COMPLETED, ES_STEP_LATE, ES_STEP_DROPPED, ES_STEP_UNFINISHED,
                             ES_STEP_PADDING};
    if (nc->failed)
        return;
    nc_number_attribute(nc, status, "flag_values", H5T_NATIVE_INT8, values, sizeof values);
    nc_text_attribute(nc, status, "flag_meanings", "completed late dropped unfinished padding");
}
