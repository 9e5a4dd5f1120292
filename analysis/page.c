#include "page.h"

#include "edgesplit/file.h"
#include "edgesplit/version.h"

#include <string.h>

void es_page_escape(const char *value, es_text *text) {
    static const char special[] = "&<>\"";
    static const char *const names[] = {"&amp;", "&lt;", "&gt;", "&quot;"};
    while (*value != '\0') {
        size_t plain = strcspn(value, special);
        es_text_append(text, value, plain);
        value += plain;
        if (*value != '\0') {
            const char *name = names[strchr(special, *value) - special];
            es_text_append(text, name, strlen(name));
            value++;
        }
    }
}

/* RFC 4648, section 4. */
static void add_base64(const unsigned char *data, size_t length, es_text *text) {
    enum { PADDING = 64 };
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    for (size_t i = 0; i < length; i += 3) {
        size_t n = length - i < 3 ? length - i : 3;
        unsigned long group = 0;
        for (size_t k = 0; k < 3; k++)
            group = group << 8 | (k < n ? data[i + k] : 0);
        char out[4];
        for (size_t k = 0; k < 4; k++)
            out[k] = digits[k <= n ? group >> (18 - 6 * k) & 63 : PADDING];
        es_text_append(text, out, sizeof out);
    }
}

static unsigned hex_digit(char digit) {
    return digit <= '9' ? (unsigned)(digit - '0') : (unsigned)(digit - 'a') + 10;
}

/* 'sha256-...', as a CSP names an inline script or style. */
static es_status add_source(const char *content, es_text *text) {
    char hash[ES_SHA256_TEXT];
    unsigned char bytes[(ES_SHA256_TEXT - 1) / 2];
    es_status status = es_sha256(content, strlen(content), hash);
    if (status != ES_OK)
        return status;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(hex_digit(hash[2 * i]) << 4 | hex_digit(hash[2 * i + 1]));
    es_text_add(text, "'sha256-");
    add_base64(bytes, sizeof bytes, text);
    es_text_add(text, "'");
    return ES_OK;
}

es_status es_page_begin(const char *title, es_text *text, es_errors *errors) {
    es_text_add(text, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                      "base-uri 'none'; form-action 'none'; style-src ");
    es_status status = add_source(es_page_style, text);
    es_text_add(text, "; script-src ");
    if (status == ES_OK)
        status = add_source(es_page_script, text);
    if (status != ES_OK)
        return es_errors_add(errors, status, NULL, 0, "SHA-256 cannot be computed");
    es_text_add(text, "\">\n<meta name=\"viewport\" content=\"width=device-width, "
                      "initial-scale=1\">\n<title>");
    es_page_escape(title, text);
    es_text_add(text,
                "</title>\n<style>%s</style>\n</head>\n<body>\n"
                "<a class=\"skip\" href=\"#main\">Skip to the verdict</a>\n<header>\n<h1>",
                es_page_style);
    es_page_escape(title, text);
    es_text_add(text, "</h1>\n");
    return ES_OK;
}

void es_page_end(es_text *text) {
    es_text_add(text, "</main>\n<footer><p class=\"soft\">Made by ");
    es_page_escape(es_version(), text);
    es_text_add(text,
                ". This page is complete: it loads nothing and sends nothing.</p></footer>\n"
                "<script>%s</script>\n</body>\n</html>\n",
                es_page_script);
}

void es_page_section(const char *id, const char *heading, es_text *text) {
    es_text_add(text, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n", id, id, heading);
}

void es_page_download(const char *name, const char *type, const char *label, const es_text *data,
                      es_text *text) {
    es_text_add(text, "<a download=\"%s\" href=\"data:%s;base64,", name, type);
    text->failed |= data->failed;
    if (!data->failed)
        add_base64((const unsigned char *)data->data, data->length, text);
    es_text_add(text, "\">%s</a>", label);
}

void es_page_table(const char *caption, const es_table *table, size_t emphasised, es_text *text) {
    text->failed |= table->failed;
    es_text_add(text, "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"");
    es_page_escape(caption, text);
    es_text_add(text, "\"><table><caption>");
    es_page_escape(caption, text);
    es_text_add(text, "</caption>\n");
    for (size_t i = 0; !table->failed && i < table->n_cells; i++) {
        size_t row = i / table->n_columns, column = i % table->n_columns;
        bool is_text = column > 0 && column < table->n_left;
        if (column == 0)
            es_text_add(text, row == 0            ? "<thead><tr>"
                              : row == emphasised ? "<tr class=\"best\">"
                                                  : "<tr>");
        if (row == 0 || column == 0)
            es_text_add(text, "<th scope=\"%s\"%s>", row == 0 ? "col" : "row",
                        is_text ? " class=\"text\"" : "");
        else
            es_text_add(text, is_text ? "<td class=\"text\">" : "<td>");
        es_page_escape(table->cells[i], text);
        es_text_add(text, row == 0 || column == 0 ? "</th>" : "</td>");
        if (column + 1 == table->n_columns)
            es_text_add(text, row == 0 ? "</tr></thead>\n<tbody>\n" : "</tr>\n");
    }
    es_text_add(text, "</tbody></table></div>\n");
}

void es_page_items(const es_text *lines, es_text *text) {
    es_slice rest = {lines->data, lines->length}, line;
    text->failed |= lines->failed;
    while (!lines->failed && es_next_line(&rest, &line)) {
        es_text item = {0};
        es_text_add(&item, "%.*s", (int)line.length, line.data);
        text->failed |= item.failed;
        es_text_add(text, "<li>");
        if (!item.failed)
            es_page_escape(item.data, text);
        es_text_add(text, "</li>\n");
        free(item.data);
    }
}
