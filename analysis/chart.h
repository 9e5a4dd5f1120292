/* Charts as inline SVG, for pages. */
#ifndef ANALYSIS_CHART_H
#define ANALYSIS_CHART_H

#include "edgesplit/text.h"

/* An axis of a chart; `from` < `to`, both positive where it is logarithmic. */
typedef struct es_axis {
    double from, to;
    bool logarithmic;
} es_axis;

/* The axis that holds `least` .. `most`: logarithmic where these are positive and more than 1.5
 * decades apart, else from 0 if that is near. Ends are round numbers. */
es_axis es_axis_fit(double least, double most);

/* Where a value lies: 0 at `from`, 1 at `to`. */
double es_axis_share(const es_axis *axis, double value);

/* Round numbers on the axis, ascending; at most ES_AXIS_TICKS of them. Returns how many. */
enum { ES_AXIS_TICKS = 12 };
size_t es_axis_ticks(const es_axis *axis, double ticks[ES_AXIS_TICKS]);

/* The least and the most of what falls into a column of a chart. */
typedef struct es_extent {
    double least, most;
    bool least_first; /* the least came before the most */
    bool seen, known; /* anything; a finite value */
} es_extent;

void es_extent_add(es_extent *extent, double value);
void es_extent_join(es_extent *extent, const es_extent *later);

/* Appends a strip: columns [n] over the whole width of the page, with the axis on the left. `label`
 * is HTML. As a line through the columns, where a value holds until the next one; or as the `area`
 * from the least to the most of each column, where what lies between is not known. */
void es_chart_strip(const char *label, const es_axis *axis, size_t n, const es_extent *columns,
                    bool area, es_text *text);

/* Begins a chart of curves with its axes; appends a curve of points [n], as steps if `stepped`, in
 * colour `colour` and dash `dash` (0 .. 3); a whisker; and ends it. Labels are HTML. */
void es_chart_begin(const char *description, const es_axis *x, const char *x_label,
                    const es_axis *y, const char *y_label, es_text *text);
void es_chart_curve(const es_axis *x, const es_axis *y, size_t n, const double *xs,
                    const double *ys, bool stepped, size_t colour, size_t dash, es_text *text);
void es_chart_whisker(const es_axis *x, const es_axis *y, double at, double low, double high,
                      size_t colour, es_text *text);
void es_chart_end(es_text *text);

/* Append a sample of a curve, and of an area, for a legend. */
void es_chart_curve_sample(size_t colour, size_t dash, es_text *text);
void es_chart_area_sample(size_t colour, es_text *text);

/* Appends a horizontal bar of stacked parts [n] >= 0, as long as their sum is of `whole`; part i
 * has colour i. */
void es_chart_bar(const char *description, size_t n, const double *parts, double whole,
                  es_text *text);

#endif
