#include "chart.h"

#include "page.h"

#include <math.h>

/* Of a chart, in the units of its view box: the area of the curves, and the whole. */
static const double LEFT = 64, RIGHT = 456, TOP = 8, BOTTOM = 246, WIDTH = 480, HEIGHT = 290;
enum { STRIP_HEIGHT = 400, STRIP_MARGIN = 14 };
static const double LEAST_DECADES = 1.5;

/* The largest of 1, 2, 5 times a power of ten that is at most `value` > 0, or the least that is at
 * least that. */
static double round_number(double value, bool up) {
    static const double steps[] = {1, 2, 5, 10};
    double power = pow(10, floor(log10(value)));
    for (size_t i = 0; i < 3; i++) {
        double low = steps[i] * power, high = steps[i + 1] * power;
        if (value <= low * (1 + 1e-12))
            return low;
        if (value < high * (1 - 1e-12))
            return up ? high : low;
    }
    return 10 * power;
}

static double tick_step(const es_axis *axis) {
    return round_number((axis->to - axis->from) / 6, true);
}

es_axis es_axis_fit(double least, double most) {
    if (!(most > least))
        most = least + (least != 0 ? 0.1 * fabs(least) : 1);
    if (least > 0 && log10(most / least) > LEAST_DECADES)
        return (es_axis){round_number(least, false), round_number(most, true), true};
    es_axis axis = {least, most, false};
    if (least > 0 && least < 0.6 * most)
        axis.from = 0;
    double step = tick_step(&axis);
    axis.from = step * floor(axis.from / step + 1e-9);
    axis.to = step * ceil(axis.to / step - 1e-9);
    return axis;
}

double es_axis_share(const es_axis *axis, double value) {
    return axis->logarithmic ? log(value / axis->from) / log(axis->to / axis->from)
                             : (value - axis->from) / (axis->to - axis->from);
}

static size_t logarithmic_ticks(const es_axis *axis, double ticks[ES_AXIS_TICKS]) {
    static const double factors[] = {1, 2, 5};
    const int first = (int)floor(log10(axis->from)), last = (int)ceil(log10(axis->to));
    const int every = 1 + (last - first) / ES_AXIS_TICKS;
    const size_t n_factors = log10(axis->to / axis->from) <= 3.5 ? 3 : 1;
    size_t n = 0;
    for (int power = first; power <= last; power += every)
        for (size_t f = 0; f < n_factors; f++) {
            double tick = factors[f] * pow(10, power);
            if (tick >= axis->from * (1 - 1e-9) && tick <= axis->to * (1 + 1e-9) &&
                n < ES_AXIS_TICKS)
                ticks[n++] = tick;
        }
    return n;
}

size_t es_axis_ticks(const es_axis *axis, double ticks[ES_AXIS_TICKS]) {
    if (axis->logarithmic)
        return logarithmic_ticks(axis, ticks);
    double step = tick_step(axis), first = ceil(axis->from / step - 1e-9);
    size_t n = 0;
    while (n < ES_AXIS_TICKS && (first + (double)n) * step <= axis->to + 1e-9 * step) {
        ticks[n] = (first + (double)n) * step + 0.0; /* no -0 */
        n++;
    }
    return n;
}

void es_extent_add(es_extent *extent, double value) {
    extent->seen = true;
    if (!isfinite(value))
        return;
    if (!extent->known || value < extent->least) {
        extent->least = value;
        extent->least_first = false;
    }
    if (!extent->known || value > extent->most) {
        extent->most = value;
        extent->least_first = true;
    }
    extent->known = true;
}

void es_extent_join(es_extent *extent, const es_extent *later) {
    if (later->known) {
        es_extent_add(extent, later->least_first ? later->least : later->most);
        es_extent_add(extent, later->least_first ? later->most : later->least);
    }
    extent->seen |= later->seen;
}

static int strip_y(const es_axis *axis, double value) {
    double share = fmin(1, fmax(0, es_axis_share(axis, value)));
    return (int)lround(STRIP_MARGIN + (STRIP_HEIGHT - 2 * STRIP_MARGIN) * (1 - share));
}

/* One line through the columns, relative from point to point; lifted where a column has no value.
 */
static void add_strip_line(const es_axis *axis, size_t n, const es_extent *columns, es_text *text) {
    bool down = false;
    size_t x = 0;
    int y = 0;
    for (size_t i = 0; i < n; i++) {
        const es_extent *column = &columns[i];
        down = down && (column->known || !column->seen);
        if (!column->known)
            continue;
        int low = strip_y(axis, column->least), high = strip_y(axis, column->most);
        int first = column->least_first ? low : high, last = column->least_first ? high : low;
        if (down && i == x + 1)
            es_text_add(text, "l1 %d", first - y);
        else if (down)
            es_text_add(text, "h%zuv%d", i - x, first - y);
        else
            es_text_add(text, "M%zu %d", i, first);
        if (last != first)
            es_text_add(text, "v%d", last - first);
        else if (!down)
            es_text_add(text, "h.6");
        if (last == first && !down)
            es_text_add(text, "h-.6");
        down = true;
        x = i;
        y = last;
    }
    if (down)
        es_text_add(text, "H%zu", n);
}

/* One edge of an area: of the columns [n] from left to right, or back. Returns where it ends. */
static int add_edge(const es_axis *axis, size_t n, const es_extent *columns, bool upper, int y,
                    es_text *text) {
    size_t width = 0;
    for (size_t k = 0; k < n; k++) {
        const es_extent *column = upper ? &columns[k] : &columns[n - 1 - k];
        int next = strip_y(axis, upper ? column->most : column->least);
        if (next != y) {
            if (width > 0)
                es_text_add(text, upper ? "h%zu" : "h-%zu", width);
            es_text_add(text, "v%d", next - y);
            width = 0;
            y = next;
        }
        width++;
    }
    es_text_add(text, upper ? "h%zu" : "h-%zu", width);
    return y;
}

/* The area from the least to the most of each column. */
static void add_strip_area(const es_axis *axis, size_t n, const es_extent *columns, es_text *text) {
    for (size_t i = 0; i < n; i++) {
        size_t end = i;
        while (end < n && columns[end].known)
            end++;
        if (end == i)
            continue;
        int y = strip_y(axis, columns[i].most);
        es_text_add(text, "M%zu %d", i, y);
        y = add_edge(axis, end - i, &columns[i], true, y, text);
        add_edge(axis, end - i, &columns[i], false, y, text);
        es_text_add(text, "z");
        i = end;
    }
}

void es_chart_strip(const char *label, const es_axis *axis, size_t n, const es_extent *columns,
                    bool area, es_text *text) {
    double middle = axis->logarithmic ? sqrt(axis->from * axis->to) : (axis->from + axis->to) / 2;
    es_text_add(text,
                "<div class=\"strip\"><h3>%s</h3><div class=\"scale\" aria-hidden=\"true\">"
                "<span>%.5g</span><span>%.4g</span><span>%.5g</span></div>"
                "<svg class=\"line\" role=\"img\" aria-label=\"Course over time, between %.4g and "
                "%.4g\" viewBox=\"0 0 %zu %d\" preserveAspectRatio=\"none\">"
                "<path class=\"grid\" d=\"M0 %dH%zuM0 %dH%zuM0 %dH%zu\"/><path class=\"%s\" d=\"",
                label, axis->to, middle, axis->from, axis->from, axis->to, n, STRIP_HEIGHT,
                STRIP_MARGIN, n, STRIP_HEIGHT / 2, n, STRIP_HEIGHT - STRIP_MARGIN, n,
                area ? "span" : "plain");
    if (area)
        add_strip_area(axis, n, columns, text);
    else
        add_strip_line(axis, n, columns, text);
    es_text_add(text, "\"/></svg></div>\n");
}

static double x_of(const es_axis *axis, double value) {
    return LEFT + (RIGHT - LEFT) * es_axis_share(axis, value);
}

static double y_of(const es_axis *axis, double value) {
    return BOTTOM - (BOTTOM - TOP) * es_axis_share(axis, value);
}

void es_chart_begin(const char *description, const es_axis *x, const char *x_label,
                    const es_axis *y, const char *y_label, es_text *text) {
    double ticks[ES_AXIS_TICKS];
    es_text_add(text, "<svg role=\"img\" aria-label=\"%s\" viewBox=\"0 0 %g %g\">\n", description,
                WIDTH, HEIGHT);
    size_t n = es_axis_ticks(x, ticks);
    for (size_t i = 0; i < n; i++) {
        double at = x_of(x, ticks[i]);
        es_text_add(text,
                    "<path class=\"grid\" d=\"M%.1f %gV%g\"/><text x=\"%.1f\" y=\"%g\" "
                    "text-anchor=\"middle\">%.6g</text>\n",
                    at, TOP, BOTTOM, at, BOTTOM + 16, ticks[i]);
    }
    n = es_axis_ticks(y, ticks);
    for (size_t i = 0; i < n; i++) {
        double at = y_of(y, ticks[i]);
        es_text_add(text,
                    "<path class=\"grid\" d=\"M%g %.1fH%g\"/><text x=\"%g\" y=\"%.1f\" "
                    "text-anchor=\"end\">%.6g</text>\n",
                    LEFT, at, RIGHT, LEFT - 5, at + 4, ticks[i]);
    }
    es_text_add(text,
                "<text x=\"%g\" y=\"%g\" text-anchor=\"middle\">%s</text>\n"
                "<text transform=\"translate(11 %g) rotate(-90)\" text-anchor=\"middle\">%s"
                "</text>\n",
                (LEFT + RIGHT) / 2, HEIGHT - 6, x_label, (TOP + BOTTOM) / 2, y_label);
}

void es_chart_curve(const es_axis *x, const es_axis *y, size_t n, const double *xs,
                    const double *ys, bool stepped, size_t colour, size_t dash, es_text *text) {
    const char *command = "M";
    es_text_add(text, "<path class=\"curve s%zu d%zu\" d=\"", colour % ES_PAGE_COLOURS, dash);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(ys[i]) || (y->logarithmic && !(ys[i] > 0)))
            continue;
        double at = x_of(x, xs[i]), height = y_of(y, ys[i]);
        if (stepped && *command != 'M')
            es_text_add(text, "H%.1fV%.1f", at, height);
        else
            es_text_add(text, "%s%.1f %.1f", command, at, height);
        command = "L";
    }
    es_text_add(text, "\"/>\n");
}

void es_chart_whisker(const es_axis *x, const es_axis *y, double at, double low, double high,
                      size_t colour, es_text *text) {
    double middle = x_of(x, at), top = y_of(y, fmin(high, y->to)),
           bottom = y_of(y, fmax(low, y->from));
    es_text_add(text, "<path class=\"curve thin s%zu\" d=\"M%.1f %.1fh6m-3 0V%.1fm-3 0h6\"/>\n",
                colour % ES_PAGE_COLOURS, middle - 3, top, bottom);
}

void es_chart_end(es_text *text) {
    es_text_add(text, "</svg>\n");
}

void es_chart_curve_sample(size_t colour, size_t dash, es_text *text) {
    es_text_add(text,
                "<svg viewBox=\"0 0 30 12\" aria-hidden=\"true\"><path class=\"curve s%zu d%zu\" "
                "d=\"M0 6H30\"/></svg>",
                colour % ES_PAGE_COLOURS, dash);
}

void es_chart_area_sample(size_t colour, es_text *text) {
    es_text_add(text,
                "<svg viewBox=\"0 0 30 12\" aria-hidden=\"true\"><path class=\"f%zu\" "
                "d=\"M2 0H28V12H2z\"/></svg>",
                colour % ES_PAGE_COLOURS);
}

void es_chart_bar(const char *description, size_t n, const double *parts, double whole,
                  es_text *text) {
    double from = 0;
    es_text_add(text, "<svg role=\"img\" aria-label=\"");
    es_page_escape(description, text);
    es_text_add(text, "\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\">");
    for (size_t i = 0; i < n; i++) {
        if (!(parts[i] > 0))
            continue;
        double width = 1000 * parts[i] / whole;
        es_text_add(text, "<path class=\"f%zu\" d=\"M%.2f 0h%.2fv10h-%.2fz\"/>",
                    i % ES_PAGE_COLOURS, from, width, width);
        from += width;
    }
    es_text_add(text, "</svg>");
}
