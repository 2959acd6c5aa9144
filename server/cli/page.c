/* The page: head with its styles, escaping, tables. Drawings are in page_svg.c. */
#include "server/cli/page.h"

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1b1f24;--faint:#69707a;--line:#d5d9df;--paper:#fff;--bar:#3a6ea5;"
    "--best:#0b7a4b}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6e8eb;--faint:#9aa2ad;--line:#3a4048;--paper:#16191d;"
    "--bar:#7aa7d9;--best:#57c793}}\n"
    "body{font:15px/1.5 "
    "system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:72rem;margin:2rem "
    "auto;padding:0 1rem}\n"
    "h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem;border-bottom:1px solid var(--line)}"
    "h3{font-size:1rem;margin:.2rem 0}\n"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:.15rem "
    ".7rem;text-align:right;"
    "border-bottom:1px solid var(--line)}th:first-child,.words td{text-align:left}td "
    "small{color:var(--faint);"
    "display:block}.best{font-weight:700}\n"
    ".wide{overflow-x:auto}.grid{display:flex;flex-wrap:wrap;gap:1rem 2rem}figure{margin:0}svg{display:block;"
    "max-width:100%}\n"
    "svg text{fill:var(--ink);font:12px system-ui,sans-serif}svg .axis{stroke:var(--faint)}svg "
    ".bar{fill:var(--bar)}"
    "svg .best{fill:var(--best)}svg .reach{stroke:var(--ink);stroke-width:1.5}svg .hollow{fill:var(--paper);"
    "stroke:var(--bar)}svg .mark{fill:none;stroke:var(--best);stroke-width:2}\n"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:12px}p{max-width:48rem}\n";

void aisle_page_text(aisle_page *p, const char *text)
{
    for (const char *c = text ? text : ""; *c; c++) {
        switch (*c) {
        case '&': fputs("&amp;", p->f); break;
        case '<': fputs("&lt;", p->f); break;
        case '>': fputs("&gt;", p->f); break;
        case '"': fputs("&quot;", p->f); break;
        case '\'': fputs("&#39;", p->f); break;
        default: fputc((unsigned char)*c < 0x20 && *c != '\n' && *c != '\t' ? ' ' : *c, p->f);
        }
    }
}

void aisle_page_element(aisle_page *p, const char *element, const char *text)
{
    fprintf(p->f, "<%s>", element);
    aisle_page_text(p, text);
    fprintf(p->f, "</%s>\n", element);
}

void aisle_page_pair(aisle_page *p, const char *key, const char *value)
{
    fputs("<tr><th scope=\"row\">", p->f);
    aisle_page_text(p, key);
    fputs("</th><td>", p->f);
    aisle_page_text(p, value);
    fputs("</td></tr>\n", p->f);
}

aisle_status aisle_page_open(const char *path, const char *title, aisle_page *p, aisle_error *err)
{
    AISLE_TRY(aisle_replace_open(path, &p->file, err));
    p->f = p->file.stream;
    fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';style-src "
          "'unsafe-inline'\">\n",
          p->f);
    aisle_page_element(p, "title", title);
    fprintf(p->f, "<style>\n%s</style>\n</head>\n<body>\n", style);
    aisle_page_element(p, "h1", title);
    return AISLE_OK;
}

aisle_status aisle_page_close(aisle_page *p, aisle_status st, aisle_error *err)
{
    if (st == AISLE_OK) {
        fputs("</body>\n</html>\n", p->f);
        return aisle_replace_commit(&p->file, err);
    }
    aisle_replace_abort(&p->file);
    return st;
}
