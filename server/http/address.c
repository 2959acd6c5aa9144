/* Addresses as text and bytes, networks, and the walk along a list of proxies. */
#include "server/http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_four(const aisle_address *a)
{
    return memcmp(a->bytes, mapped, sizeof mapped) == 0;
}

static bool parse_bare(aisle_str text, aisle_address *out)
{
    char copy[AISLE_ADDRESS_TEXT];
    unsigned char four[4];
    if (text.len == 0 || text.len >= sizeof copy) return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (strlen(copy) != text.len) return false;
    if (inet_pton(AF_INET6, copy, out->bytes) == 1) return true;
    if (inet_pton(AF_INET, copy, four) != 1) return false;
    memcpy(out->bytes, mapped, sizeof mapped);
    memcpy(out->bytes + sizeof mapped, four, sizeof four);
    return true;
}

static bool is_port(aisle_str s)
{
    uint64_t n;
    return aisle_str_to_u64(s, &n) && n <= 65535;
}

bool aisle_address_parse(aisle_str text, aisle_address *out)
{
    const char *colon = text.len ? memchr(text.ptr, ':', text.len) : NULL;
    const char *close = text.len ? memchr(text.ptr, ']', text.len) : NULL;
    if (text.len && text.ptr[0] == '[') {
        if (!close) return false;
        aisle_str rest = {close + 1, text.len - (size_t)(close + 1 - text.ptr)};
        if (rest.len && (rest.ptr[0] != ':' || !is_port((aisle_str){rest.ptr + 1, rest.len - 1})))
            return false;
        return parse_bare((aisle_str){text.ptr + 1, (size_t)(close - text.ptr) - 1}, out) && !is_four(out);
    }
    if (colon && !memchr(colon + 1, ':', text.len - (size_t)(colon + 1 - text.ptr))) { /* a.b.c.d:port */
        aisle_str port = {colon + 1, text.len - (size_t)(colon + 1 - text.ptr)};
        return is_port(port) && parse_bare((aisle_str){text.ptr, (size_t)(colon - text.ptr)}, out);
    }
    return parse_bare(text, out);
}

void aisle_address_of(const struct sockaddr_storage *from, aisle_address *out)
{
    memset(out, 0, sizeof *out);
    if (from->ss_family == AF_INET6)
        memcpy(out->bytes, &((const struct sockaddr_in6 *)from)->sin6_addr, sizeof out->bytes);
    else if (from->ss_family == AF_INET) {
        memcpy(out->bytes, mapped, sizeof mapped);
        memcpy(out->bytes + sizeof mapped, &((const struct sockaddr_in *)from)->sin_addr, 4);
    }
}

void aisle_address_text(const aisle_address *a, char out[AISLE_ADDRESS_TEXT])
{
    const char *text = is_four(a) ? inet_ntop(AF_INET, a->bytes + sizeof mapped, out, AISLE_ADDRESS_TEXT)
                                  : inet_ntop(AF_INET6, a->bytes, out, AISLE_ADDRESS_TEXT);
    if (!text) out[0] = '\0';
}

bool aisle_address_is_loopback(const aisle_address *a)
{
    static const unsigned char one[16] = {[15] = 1};
    return is_four(a) ? a->bytes[12] == 127 : memcmp(a->bytes, one, sizeof one) == 0;
}

aisle_address aisle_address_group(const aisle_address *a)
{
    aisle_address group = *a;
    if (!is_four(a)) memset(group.bytes + 8, 0, 8);
    return group;
}

static aisle_status parse_network(aisle_str text, struct aisle_network *out, aisle_error *err)
{
    const char *slash = memchr(text.ptr, '/', text.len);
    aisle_str address = {text.ptr, slash ? (size_t)(slash - text.ptr) : text.len};
    uint64_t bits = 128;
    bool ok = parse_bare(address, &out->base);
    if (ok && slash) {
        uint64_t most = is_four(&out->base) ? 32 : 128;
        ok = aisle_str_to_u64((aisle_str){slash + 1, text.len - address.len - 1}, &bits) && bits <= most;
        bits += 128 - most;
    }
    if (!ok)
        return aisle_fail(err, AISLE_EINVAL, "\"%.*s\": an address or a network such as 10.0.0.0/8 is wanted",
                          (int)(text.len > 60 ? 60 : text.len), text.ptr);
    out->bits = (int32_t)bits;
    return AISLE_OK;
}

aisle_status aisle_networks_parse(const char *text, aisle_networks *out, aisle_error *err)
{
    *out = (aisle_networks){0};
    for (text += strspn(text, ", \t"); *text; text += strspn(text, ", \t")) {
        aisle_str one = {text, strcspn(text, ", \t")};
        if (out->n == AISLE_NETWORKS_MAX)
            return aisle_fail(err, AISLE_EINVAL, "more than %d networks", AISLE_NETWORKS_MAX);
        AISLE_TRY(parse_network(one, &out->at[out->n++], err));
        text += one.len;
    }
    return AISLE_OK;
}

bool aisle_networks_have(const aisle_networks *n, const aisle_address *a)
{
    for (int32_t i = 0; i < n->n; i++) {
        const struct aisle_network *net = &n->at[i];
        size_t whole = (size_t)net->bits / 8;
        unsigned rest = (unsigned)net->bits % 8, mask = 0xff00u >> rest & 0xff;
        if (memcmp(net->base.bytes, a->bytes, whole) == 0 &&
            (!rest || ((net->base.bytes[whole] ^ a->bytes[whole]) & mask) == 0))
            return true;
    }
    return false;
}

bool aisle_address_forwarded(const aisle_networks *proxies, aisle_str list, aisle_address *at)
{
    while (list.len && aisle_networks_have(proxies, at)) {
        size_t from = list.len;
        aisle_address next;
        while (from && list.ptr[from - 1] != ',') from--;
        if (!aisle_address_parse(aisle_str_trim((aisle_str){list.ptr + from, list.len - from}), &next))
            return false;
        *at = next;
        list.len = from ? from - 1 : 0;
    }
    return aisle_networks_have(proxies, at);
}
