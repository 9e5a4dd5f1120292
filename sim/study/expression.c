/* Expressions over variables: read by precedence (Dijkstra's shunting yard) into postfix steps. */
#include "parts.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

typedef enum operator_code {
    OR,
    AND,
    EQUAL,
    UNEQUAL,
    LESS,
    LESS_EQUAL,
    GREATER,
    GREATER_EQUAL,
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE,
    REMAINDER,
    NOT,
    NEGATE,
    OPEN,
    N_OPERATORS
} operator_code;

static const struct {
    const char *text;
    int precedence;
} operators[N_OPERATORS] = {
    [OR] = {"||", 1},       [AND] = {"&&", 2},        [EQUAL] = {"==", 3},
    [UNEQUAL] = {"!=", 3},  [LESS_EQUAL] = {"<=", 4}, [GREATER_EQUAL] = {">=", 4},
    [LESS] = {"<", 4},      [GREATER] = {">", 4},     [ADD] = {"+", 5},
    [SUBTRACT] = {"-", 5},  [MULTIPLY] = {"*", 6},    [DIVIDE] = {"/", 6},
    [REMAINDER] = {"%", 6}, [NOT] = {"!", 7},         [NEGATE] = {"-", 7},
    [OPEN] = {"(", 0},
};

typedef enum step_kind { NUMBER, TEXT, VARIABLE, OPERATOR } step_kind;

typedef struct instruction {
    step_kind kind;
    operator_code code;
    size_t variable; /* or REPETITION */
    double number;
    char *text; /* owned */
} instruction;

typedef struct operand {
    double number;    /* NaN: it is a text only */
    const char *text; /* NULL: it is a number only */
} operand;

struct study_expression {
    instruction *steps;
    size_t n_steps;
    operand *stack; /* [n_steps] */
};

/* The state of reading. */
typedef struct reader {
    study_expression *made;
    size_t n;
    const es_study_variable *variables;
    es_slice rest;
    operator_code *pending;
    size_t n_pending;
    bool operand_next;
    study_fault *fault;
} reader;

static void push_operator(reader *r, operator_code code) {
    r->made->steps[r->made->n_steps++] = (instruction){.kind = OPERATOR, .code = code};
}

static void skip(reader *r, size_t length) {
    r->rest = es_slice_trim((es_slice){r->rest.data + length, r->rest.length - length});
}

/* The operator at the front that can stand here; N_OPERATORS if there is none. */
static operator_code find_operator(const reader *r) {
    static const operator_code infix[] = {
        OR,      AND, EQUAL,    UNEQUAL,  LESS_EQUAL, GREATER_EQUAL, LESS,
        GREATER, ADD, SUBTRACT, MULTIPLY, DIVIDE,     REMAINDER};
    static const operator_code prefix[] = {NOT, NEGATE, OPEN};
    const operator_code *codes = r->operand_next ? prefix : infix;
    size_t n = r->operand_next ? sizeof prefix / sizeof prefix[0] : sizeof infix / sizeof infix[0];
    for (size_t i = 0; i < n; i++) {
        size_t length = strlen(operators[codes[i]].text);
        if (r->rest.length >= length && memcmp(r->rest.data, operators[codes[i]].text, length) == 0)
            return codes[i];
    }
    return N_OPERATORS;
}

static bool complain_at(const reader *r, const char *expected) {
    if (r->rest.length == 0)
        study_complain(r->fault, "expected %s at the end", expected);
    else
        study_complain(r->fault, "expected %s at '%.*s'", expected, (int)r->rest.length,
                       r->rest.data);
    return false;
}

static bool take_reference(reader *r, instruction *made) {
    skip(r, 1);
    bool braces = r->rest.length > 0 && r->rest.data[0] == '{';
    if (braces)
        skip(r, 1);
    size_t length = study_name_length(r->rest);
    if (length == 0)
        return complain_at(r, "the name of a variable");
    made->kind = VARIABLE;
    made->variable = study_find(r->n, r->variables, (es_slice){r->rest.data, length}, r->fault);
    skip(r, length);
    if (made->variable == r->n)
        return false;
    if (braces && (r->rest.length == 0 || r->rest.data[0] != '}'))
        return complain_at(r, "'}' (a new variable cannot be made here)");
    if (braces)
        skip(r, 1);
    return true;
}

static bool take_text(reader *r, instruction *made) {
    const char *end = memchr(r->rest.data + 1, '"', r->rest.length - 1);
    if (end == NULL)
        return complain_at(r, "a closing '\"'");
    size_t length = (size_t)(end - r->rest.data) - 1;
    made->kind = TEXT;
    made->text = es_alloc(length + 1, 1);
    if (made->text == NULL) {
        r->fault->no_memory = true;
        study_complain(r->fault, "out of memory");
        return false;
    }
    memcpy(made->text, r->rest.data + 1, length);
    skip(r, length + 2);
    return true;
}

static bool take_number(reader *r, instruction *made) {
    size_t length = 0;
    while (length < r->rest.length) {
        char c = r->rest.data[length];
        bool sign = (c == '-' || c == '+') && length > 0 &&
                    (r->rest.data[length - 1] == 'e' || r->rest.data[length - 1] == 'E');
        if (!isalnum((unsigned char)c) && c != '.' && !sign)
            break;
        length++;
    }
    made->kind = NUMBER;
    if (es_parse_double((es_slice){r->rest.data, length}, &made->number) != ES_OK)
        return complain_at(r, "a number, \"text\", $variable or '('");
    skip(r, length);
    return true;
}

static bool take_operand(reader *r) {
    instruction made = {0};
    bool sound = r->rest.length == 0      ? complain_at(r, "a value")
                 : r->rest.data[0] == '$' ? take_reference(r, &made)
                 : r->rest.data[0] == '"' ? take_text(r, &made)
                                          : take_number(r, &made);
    if (sound)
        r->made->steps[r->made->n_steps++] = made;
    r->operand_next = false;
    return sound;
}

static bool take_close(reader *r) {
    while (r->n_pending > 0 && r->pending[r->n_pending - 1] != OPEN)
        push_operator(r, r->pending[--r->n_pending]);
    if (r->n_pending == 0)
        return complain_at(r, "an operator");
    r->n_pending--;
    skip(r, 1);
    return true;
}

static bool take_next(reader *r) {
    operator_code code = find_operator(r);
    if (code == N_OPERATORS && r->operand_next)
        return take_operand(r);
    if (code == N_OPERATORS && r->rest.data[0] == ')')
        return take_close(r);
    if (code == N_OPERATORS)
        return complain_at(r, "an operator (+ - * / % == != < <= > >= && ||)");
    if (!r->operand_next)
        while (r->n_pending > 0 &&
               operators[r->pending[r->n_pending - 1]].precedence >= operators[code].precedence)
            push_operator(r, r->pending[--r->n_pending]);
    r->pending[r->n_pending++] = code;
    r->operand_next = true;
    skip(r, strlen(operators[code].text));
    return true;
}

static bool read_all(reader *r) {
    while (r->rest.length > 0)
        if (!take_next(r))
            return false;
    if (r->operand_next)
        return complain_at(r, "a value");
    while (r->n_pending > 0) {
        if (r->pending[r->n_pending - 1] == OPEN)
            return complain_at(r, "')'");
        push_operator(r, r->pending[--r->n_pending]);
    }
    return true;
}

study_expression *study_expression_create(size_t n, const es_study_variable *variables,
                                          const char *text, study_fault *fault) {
    size_t most = strlen(text) + 1;
    study_expression *made = es_alloc(1, sizeof *made);
    operator_code *pending = es_alloc(most, sizeof *pending);
    bool sound = made != NULL && pending != NULL;
    if (sound) {
        made->steps = es_alloc(most, sizeof *made->steps);
        made->stack = es_alloc(most, sizeof *made->stack);
        sound = made->steps != NULL && made->stack != NULL;
    }
    if (sound) {
        reader r = {.made = made,
                    .n = n,
                    .variables = variables,
                    .rest = es_slice_trim((es_slice){text, strlen(text)}),
                    .pending = pending,
                    .operand_next = true,
                    .fault = fault};
        sound = read_all(&r);
    } else {
        fault->no_memory = true;
        study_complain(fault, "out of memory");
    }
    free(pending);
    if (!sound) {
        study_expression_destroy(made);
        return NULL;
    }
    return made;
}

void study_expression_destroy(study_expression *expression) {
    if (expression == NULL)
        return;
    for (size_t i = 0; i < expression->n_steps && expression->steps != NULL; i++)
        free(expression->steps[i].text);
    free(expression->steps);
    free(expression->stack);
    free(expression);
}

static operand value_of(const instruction *step, const study_point *point) {
    if (step->kind == NUMBER)
        return (operand){step->number, NULL};
    if (step->kind == TEXT)
        return (operand){ES_NAN, step->text};
    if (step->variable == REPETITION)
        return (operand){(double)point->repetition, NULL};
    const es_study_variable *variable = &point->variables[step->variable];
    size_t value = point->values[step->variable];
    return (operand){variable->numbers[value], variable->values[value]};
}

static double compute(operator_code code, double a, double b) {
    switch (code) {
    case OR: return a != 0 || b != 0;
    case AND: return a != 0 && b != 0;
    case EQUAL: return a == b;
    case UNEQUAL: return a != b;
    case LESS: return a < b;
    case LESS_EQUAL: return a <= b;
    case GREATER: return a > b;
    case GREATER_EQUAL: return a >= b;
    case ADD: return a + b;
    case SUBTRACT: return a - b;
    case MULTIPLY: return a * b;
    case DIVIDE: return a / b;
    case REMAINDER: return fmod(a, b);
    case NOT: return b == 0;
    case NEGATE: return -b;
    case OPEN:
    case N_OPERATORS: break;
    }
    return ES_NAN;
}

static bool compare_texts(operator_code code, operand a, operand b, operand *result) {
    if ((code != EQUAL && code != UNEQUAL) || a.text == NULL || b.text == NULL)
        return false;
    *result = (operand){(strcmp(a.text, b.text) == 0) == (code == EQUAL), NULL};
    return true;
}

bool study_expression_holds(study_expression *expression, const study_point *point,
                            study_fault *fault) {
    operand *stack = expression->stack;
    size_t depth = 0;
    for (size_t i = 0; i < expression->n_steps; i++) {
        const instruction *step = &expression->steps[i];
        if (step->kind != OPERATOR) {
            stack[depth++] = value_of(step, point);
            continue;
        }
        bool unary = step->code == NOT || step->code == NEGATE;
        operand b = stack[--depth], a = unary ? (operand){0, NULL} : stack[--depth], result;
        bool numbers = !isnan(a.number) && !isnan(b.number);
        if (!numbers && !compare_texts(step->code, a, b, &result)) {
            const char *culprit = isnan(a.number) ? a.text : b.text;
            study_complain(fault, "%s: '%s' is not a number", operators[step->code].text,
                           culprit != NULL ? culprit : "");
            return false;
        }
        if (numbers)
            result = (operand){compute(step->code, a.number, b.number), NULL};
        if (isnan(result.number)) {
            study_complain(fault, "%.6g %s %.6g has no value", a.number, operators[step->code].text,
                           b.number);
            return false;
        }
        stack[depth++] = result;
    }
    if (isnan(stack[0].number)) {
        study_complain(fault, "'%s' is neither true nor false",
                       stack[0].text != NULL ? stack[0].text : "");
        return false;
    }
    return stack[0].number != 0;
}
