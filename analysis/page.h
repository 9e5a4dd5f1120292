/* A self-contained HTML page: nothing in it makes a browser ask for anything else. */
#ifndef ANALYSIS_PAGE_H
#define ANALYSIS_PAGE_H

#include "edgesplit/error.h"
#include "edgesplit/table.h"
#include "edgesplit/text.h"

#include <stdint.h>

/* Style and script of every page: page/page.css and page/page.js. */
extern const char es_page_style[], es_page_script[];

/* Colours of policies and parts, classes f0 .. f7 and s0 .. s7 of the style. */
enum { ES_PAGE_COLOURS = 8 };

/* Appends text as HTML takes it literally, also between double quotes. */
void es_page_escape(const char *value, es_text *text);

/* Appends all up to the headline `title`. The page's policy of content (CSP) allows this style and
 * this script, by their SHA-256, and nothing else. ES_INTERNAL: there is no SHA-256. */
ES_NODISCARD es_status es_page_begin(const char *title, es_text *text, es_errors *errors);
void es_page_end(es_text *text);

/* Append the begin of a section with its heading, a landmark named by it; end it with "</section>".
 */
void es_page_section(const char *id, const char *heading, es_text *text);

/* Appends a link that saves `data` as a file `name`. */
void es_page_download(const char *name, const char *type, const char *label, const es_text *data,
                      es_text *text);

/* Appends a table: its first row the header, the first column that of the rows. `emphasised`: a row
 * that stands out, 0 for none. A table that failed marks `text` as failed. */
void es_page_table(const char *caption, const es_table *table, size_t emphasised, es_text *text);

/* Appends <li> for each line of `lines`. */
void es_page_items(const es_text *lines, es_text *text);

#endif
