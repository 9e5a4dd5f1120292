/* Every network of the zoo through the backend onednn, unit by unit against the plain reference, at
 * the least resolution it takes of some. The one argument is the setting, because oneDNN takes one
 * instruction set per process. Where the reference is slow, networks of more than ES_MOST_MACS
 * multiply-accumulates are left out, aloud. */
#include "onednn_values.h"

#include <inttypes.h>
#include <time.h>

static const double greatest_error = 1e-5;

static void check_network(const char *name) {
    static const int64_t resolutions[] = {32, 48, 64, 96, 128, 224};
    es_model *model = NULL;
    es_errors errors;
    for (size_t i = 0; model == NULL && i < sizeof resolutions / sizeof resolutions[0]; i++) {
        es_errors_init(&errors);
        if (es_model_create(name, resolutions[i], &model, &errors) == ES_INVALID)
            model = NULL;
    }
    assert_non_null(model);
    int64_t macs = model->cuts[ES_LEAF][model->n_layers].head_macs;
    if (macs > ES_MOST_MACS) {
        print_message("%-20s left out: %" PRId64 " multiply-accumulates\n", name, macs);
        es_model_destroy(model);
        return;
    }
    clock_t start = clock();
    values_check check = onednn_check_values(backend, device, model, 1);
    print_message("%-20s %4" PRId64 " px: worst relative error %.2g, root mean squares %.2g .. "
                  "%.2g, %.2f s\n",
                  name, model->layers[0].out.h, check.error, check.least_rms, check.greatest_rms,
                  (double)(clock() - start) / CLOCKS_PER_SEC);
    if (!(check.error < greatest_error))
        fail_msg("%s: unit %zu (%s): relative error %g", name, check.unit,
                 model->cuts[ES_FUSED][check.unit].name, check.error);
    assert_true(check.least_rms > 0 && check.greatest_rms < 1e15);
    es_model_destroy(model);
}

static void test_zoo(void **state) {
    (void)state;
    for (size_t i = 0; es_model_zoo_name(i) != NULL; i++)
        check_network(es_model_zoo_name(i));
}

int main(int argc, char *argv[]) {
    if (!onednn_find(argc, argv))
        return 77;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_zoo)};
    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
