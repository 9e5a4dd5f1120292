# Makes a man page of section 5 of a page in Markdown: awk -v name=NAME -v summary=TEXT -v date=DATE -f manual.awk PAGE.md
# Knows what our pages use: headings, paragraphs, bullets, fenced blocks, tables; `code`, **bold** and [links](x) in them.

# Text as roff takes it, with bold for code and emphasis.
function inline(text,    out, at, mark, rest, end) {
    out = ""
    while (match(text, /`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\([^)]*\)/)) {
        at = substr(text, RSTART, RLENGTH)
        rest = substr(text, RSTART + RLENGTH)
        out = out plain(substr(text, 1, RSTART - 1))
        if (at ~ /^`/) {
            mark = substr(at, 2, length(at) - 2)
            out = out "\\fB" literal(mark) "\\fP"
        } else if (at ~ /^\*/) {
            out = out inline_bold(substr(at, 3, length(at) - 4))
        } else {
            end = index(at, "](")
            out = out plain(substr(at, 2, end - 2))
        }
        text = rest
    }
    out = out plain(text)
    return out ~ /^[.']/ ? "\\&" out : out
}

function inline_bold(text) {
    gsub(/`/, "", text)
    return "\\fB" plain(text) "\\fP"
}

function plain(text) {
    gsub(/\\/, "\\e", text)
    return text
}

function literal(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    return text
}

# A row of a table: its first cell as a tag, the others behind it with the heading of their column. The row before the
# line of dashes has the headings.
function table_row(line,    n, cells, i, text) {
    gsub(/^\| *| *\|$/, "", line)
    n = split(line, cells, / *\| */)
    if (!in_table) {
        in_table = 1
        for (i = 1; i <= n; i++)
            headings[i] = cells[i]
        return
    }
    text = ""
    for (i = 2; i <= n; i++)
        if (cells[i] != "")
            text = text (text == "" ? "" : "; ") (headings[i] == "" ? "" : headings[i] " ") cells[i]
    print ".TP"
    print inline(cells[1])
    print inline(text)
}

BEGIN {
    title = toupper(name)
    print ".TH " title " 5 " date
    print ".SH NAME"
    print literal(name) " \\- " summary
    print ".SH DESCRIPTION"
    headed = 1
}

/^```/ {
    print fenced ? ".EE" : (headed ? "" : ".PP\n") ".EX"
    in_table = pending = headed = 0
    fenced = !fenced
    next
}

fenced {
    line = literal($0)
    gsub(/├──|└──/, "   ", line)
    print line ~ /^[.']/ ? "\\&" line : line
    next
}

/^\|[-| :]+\|$/ && in_table { headed = 0; next }
/^\|/ { table_row($0); next }

/^# / { next }
/^##+ / {
    sub(/^#+ /, "")
    gsub(/`/, "")
    print ".SH " toupper(plain($0))
    headed = 1
    in_table = 0
    next
}
/^$/ { pending = 1; in_table = 0; next }
/^- / {
    print ".IP \\(bu 2"
    print inline(substr($0, 3))
    pending = headed = 0
    next
}
{
    if (pending && !headed)
        print ".PP"
    pending = headed = 0
    sub(/^ +/, "")
    print inline($0)
}
