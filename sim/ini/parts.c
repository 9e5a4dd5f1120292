#include "parts.h"

#include "edgesplit/alloc.h"

#include <string.h>

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* The length of the UTF-8 sequence at the start of a text (Unicode 15, table 3-7); 0 if there is
 * none. */
static size_t utf8_length(const unsigned char *text, size_t available) {
    unsigned char lead = text[0];
    if (lead < 0x80)
        return 1;
    size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || length > available)
        return 0;
    unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if (text[i] < 0x80 || text[i] > 0xbf)
            return 0;
    return length;
}

const char *es_ini_text_fault(es_slice text) {
    size_t length;
    for (size_t i = 0; i < text.length; i += length) {
        const unsigned char *c = (const unsigned char *)text.data + i;
        length = utf8_length(c, text.length - i);
        if (length == 0)
            return "is not UTF-8";
        if (*c == '\0')
            return "holds a NUL byte";
        if ((*c < 0x20 && *c != '\t') || *c == 0x7f)
            return "holds a control character";
    }
    return NULL;
}

const char *es_ini_key_fault(es_slice key) {
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    if (key.length == 0)
        return "there is no key before '='";
    if (key.length >= ES_INI_NAME_BYTES)
        return "the key is longer than 49 bytes";
    for (size_t i = 0; i < key.length; i++)
        if (memchr(allowed, key.data[i], sizeof allowed - 1) == NULL)
            return "a key may hold only letters, digits, '-' and '_'";
    return NULL;
}

const char *es_ini_variant_key_fault(es_slice key) {
    size_t dot = key.length;
    while (dot > 0 && key.data[dot - 1] != '.')
        dot--;
    if (dot == 0)
        return es_ini_key_fault(key);
    char name[ES_INI_NAME_BYTES];
    if (key.length >= ES_INI_NAME_BYTES)
        return "the key is longer than 49 bytes";
    const char *fault = es_ini_name_fault((es_slice){key.data, dot - 1}, name);
    return fault != NULL ? fault : es_ini_key_fault((es_slice){key.data + dot, key.length - dot});
}

const char *es_ini_name_fault(es_slice text, char name[ES_INI_NAME_BYTES]) {
    text = es_slice_trim(text);
    if (text.length == 0)
        return "the section has no name";
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (memchr("[]=;#", text.data[i], 5) != NULL)
            return "a section name may not hold any of [ ] = ; #";
        if (is_blank(text.data[i]) && is_blank(text.data[i - 1]))
            continue;
        if (length == ES_INI_NAME_BYTES - 1)
            return "the section name is longer than 49 bytes";
        name[length++] = text.data[i];
        if (is_blank(text.data[i]))
            name[length - 1] = ' ';
    }
    name[length] = '\0';
    return NULL;
}

es_slice es_ini_without_comment(es_slice text) {
    for (size_t i = 0; i < text.length; i++)
        if ((text.data[i] == ';' || text.data[i] == '#') && (i == 0 || is_blank(text.data[i - 1])))
            text.length = i;
    return es_slice_trim(text);
}

const char *es_ini_keep(es_ini *ini, es_slice text) {
    if (es_reserve(&ini->strings, &ini->strings_capacity, ini->n_strings + 1,
                   sizeof *ini->strings) != ES_OK)
        return NULL;
    char *copy = es_alloc(text.length + 1, 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text.data, text.length);
    ini->strings[ini->n_strings++] = copy;
    return copy;
}

es_status es_ini_add_section(es_ini *ini, const char *name, size_t line) {
    size_t kind_length = strcspn(name, " ");
    const char *kept = es_ini_keep(ini, (es_slice){name, strlen(name)});
    const char *kind = es_ini_keep(ini, (es_slice){name, kind_length});
    if (kept == NULL || kind == NULL ||
        es_reserve(&ini->sections, &ini->sections_capacity, ini->n_sections + 1,
                   sizeof *ini->sections) != ES_OK)
        return ES_NO_MEMORY;
    const char *label = kept + kind_length + (kept[kind_length] == ' ');
    ini->sections[ini->n_sections++] = (es_ini_section){kept, kind, label, line};
    return ES_OK;
}

es_status es_ini_add_entry(es_ini *ini, size_t section, es_slice key, es_slice value, size_t line) {
    const char *kept_key = es_ini_keep(ini, key);
    const char *kept_value = es_ini_keep(ini, value);
    if (kept_key == NULL || kept_value == NULL ||
        es_reserve(&ini->entries, &ini->entries_capacity, ini->n_entries + 1,
                   sizeof *ini->entries) != ES_OK)
        return ES_NO_MEMORY;
    ini->entries[ini->n_entries++] = (es_ini_entry){section, kept_key, kept_value, line};
    return ES_OK;
}
