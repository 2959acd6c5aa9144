/* The chunked transfer coding (RFC 9112, 7.1) as a state machine over bytes that arrive in any pieces. */
#include "server/http/wire.h"

enum { SIZE_LINE_BYTES = 256, OVERHEAD_BYTES = 16384 };

enum state {
    SIZE = 0,      /* hex digits */
    EXTENSION,     /* after ";" up to CR */
    SIZE_LF,       /* LF of the size line */
    DATA,          /* left > 0 bytes of the body */
    DATA_CR,       /* CR LF behind the data */
    DATA_LF,       /* */
    TRAILER,       /* first byte of a trailer line, or of the last CR LF */
    TRAILER_NAME,  /* token up to ":" */
    TRAILER_VALUE, /* up to CR */
    TRAILER_LF,    /* */
    LAST_LF,       /* */
    END
};

static int hex(unsigned char ch)
{
    if (ch >= '0' && ch <= '9') return ch - '0';
    if ((ch | 32) >= 'a' && (ch | 32) <= 'f') return (ch | 32) - 'a' + 10;
    return -1;
}

static bool is_text(unsigned char ch)
{
    return (ch >= 0x20 && ch != 0x7f) || ch == '\t';
}

/* The size line, one byte. Returns false when it breaks the grammar, the size overflows or the line is long.
 */
static bool step_size(aisle_chunked *c, unsigned char ch)
{
    int digit;
    if (++c->line > SIZE_LINE_BYTES) return false;
    if (c->state == EXTENSION) {
        if (ch == '\r')
            c->state = SIZE_LF;
        else if (!is_text(ch) || ++c->overhead > OVERHEAD_BYTES)
            return false;
    } else if (c->state == SIZE_LF) {
        if (ch != '\n') return false;
        c->state = c->left ? DATA : TRAILER;
        c->line = 0;
    } else if ((digit = hex(ch)) >= 0) {
        return !__builtin_mul_overflow(c->left, 16, &c->left) &&
               !__builtin_add_overflow(c->left, digit, &c->left);
    } else { /* a size needs a digit: line counts this byte too */
        if (c->line == 1 || (ch != ';' && ch != '\r')) return false;
        c->state = ch == ';' ? EXTENSION : SIZE_LF;
    }
    return true;
}

static bool step_trailer(aisle_chunked *c, unsigned char ch)
{
    if (++c->overhead > OVERHEAD_BYTES) return false;
    switch (c->state) {
    case TRAILER:
        if (ch == '\r') {
            c->state = LAST_LF;
            return true;
        }
        c->state = TRAILER_NAME;
        return aisle_is_token((aisle_str){(const char *)&ch, 1});
    case TRAILER_NAME:
        if (ch == ':') c->state = TRAILER_VALUE;
        return ch == ':' || aisle_is_token((aisle_str){(const char *)&ch, 1});
    case TRAILER_VALUE:
        if (ch == '\r') c->state = TRAILER_LF;
        return ch == '\r' || is_text(ch);
    case TRAILER_LF: c->state = TRAILER; return ch == '\n';
    default: c->state = END; return ch == '\n';
    }
}

aisle_chunk aisle_chunked_next(aisle_chunked *c, const char *p, size_t n, size_t *used, aisle_str *data)
{
    size_t i = 0;
    bool ok = true;
    while (ok && i < n && c->state != END) {
        if (c->state == DATA) {
            size_t take = (uint64_t)c->left < n - i ? (size_t)c->left : n - i;
            *data = (aisle_str){p + i, take};
            c->left -= (int64_t)take;
            if (!c->left) c->state = DATA_CR;
            *used = i + take;
            return AISLE_CHUNK_DATA;
        }
        unsigned char ch = (unsigned char)p[i++];
        if (c->state < DATA)
            ok = step_size(c, ch);
        else if (c->state >= TRAILER)
            ok = step_trailer(c, ch);
        else { /* CR LF behind the data */
            ok = ch == (c->state == DATA_CR ? '\r' : '\n');
            c->state = c->state == DATA_CR ? DATA_LF : SIZE;
        }
    }
    *used = i;
    if (!ok) return AISLE_CHUNK_BAD;
    return c->state == END ? AISLE_CHUNK_END : AISLE_CHUNK_MORE;
}
