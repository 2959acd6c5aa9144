/* Which passwords are taken. A short list of the words that lead every published count of leaked passwords, and the few
 * ways in which people dress them up: capitals, digits for letters, digits and marks around, the word twice; runs of the
 * keyboard and of the alphabet; what stands in the email or the name. That refuses the top of the long lists in a few
 * kilobytes; a list of a million words would hardly refuse more of what has 8 characters, and none stands in Debian. */
#include <string.h>

#include "server/auth/passwords.h"

static const char *const words[] = {
    "password",   "passwort",    "passord",     "contrasena", "motdepasse", "parola",    "senha",
    "wachtwoord", "haslo",       "passw",       "passwd",     "pass",       "secret",    "geheim",
    "letmein",    "welcome",     "willkommen",  "login",      "admin",      "root",      "user",
    "guest",      "test",        "tester",      "testing",    "default",    "changeme",  "master",
    "shadow",     "trustno",     "iloveyou",    "loveyou",    "lovely",     "love",      "princess",
    "dragon",     "monkey",      "sunshine",    "superman",   "batman",     "spiderman", "pokemon",
    "football",   "baseball",    "basketball",  "hockey",     "soccer",     "liverpool", "chelsea",
    "arsenal",    "barcelona",   "juventus",    "michael",    "jordan",     "jennifer",  "jessica",
    "ashley",     "daniel",      "charlie",     "thomas",     "andrew",     "joshua",    "matthew",
    "michelle",   "nicole",      "anthony",     "alexander",  "samantha",   "maggie",    "buster",
    "ginger",     "pepper",      "cookie",      "chocolate",  "cheese",     "banana",    "flower",
    "summer",     "winter",      "spring",      "autumn",     "january",    "february",  "monday",
    "sunday",     "friday",      "hello",       "hellohello", "freedom",    "whatever",  "computer",
    "internet",   "samsung",     "google",      "facebook",   "instagram",  "youtube",   "microsoft",
    "windows",    "linux",       "ubuntu",      "starwars",   "startrek",   "matrix",    "minecraft",
    "fortnite",   "nintendo",    "playstation", "mustang",    "ferrari",    "porsche",   "mercedes",
    "yamaha",     "harley",      "corvette",    "killer",     "ninja",      "access",    "blessed",
    "jesus",      "jesuschrist", "angel",       "heaven",     "family",     "forever",   "friends",
    "babygirl",   "butterfly",   "rainbow",     "unicorn",    "diamond",    "silver",    "golden",
    "orange",     "purple",      "qazwsx",      "qazwsxedc",  "zaqwsx",     "zaqxsw",    "qweasd",
    "qweasdzxc",  "asdqwe",      "asdfghjkl",   "zxcvbnm",    "qwerty",     "qwertz",    "azerty",
    "qwertyui",   "qwertyuiop",  "asdf",        "asdfasdf",   "wasd",       "abcd",      "abc",
    "abcabc",     "aaaaaaaa",    "shop",        "shopping",   "aisle",      "customer",  "kunde",
    "client",     "london",      "paris",       "berlin",     "america",    "germany",   "australia",
    "canada",     "england",     "newyork",     "chicken",    "tigger",     "bailey",    "soccer",
    "hunter",     "ranger",      "cowboy",      "eagles",     "steelers",   "yankees",   "lakers",
    "cowboys",    "redsox",      "packers",     "mickey",     "snoopy",     "garfield",  "scooby",
    "naruto",     "zelda",       "gandalf",     "merlin",     "phoenix",    "thunder",   "lightning",
    "hardcore",   "metallica",   "nirvana",     "slipknot",   "eminem",     "beatles",   "blink",
    "bonjour",    "doudou",      "loulou",      "marseille",  "amore",      "ciao",      "juventus",
    "napoli",     "realmadrid",  "tequiero",    "estrella",   "hola",       "schatz",    "hallo",
    "sommer",     "fussball",    "dallas",      "austin",     "jackson",    "william",   "patrick",
    "richard",
};
static const char *const runs[] = {"01234567890123456789",
                                   "abcdefghijklmnopqrstuvwxyz",
                                   "qwertyuiopasdfghjklzxcvbnm",
                                   "qwertzuiopasdfghjklyxcvbnm",
                                   "azertyuiopqsdfghjklmwxcvbn",
                                   "1qaz2wsx3edc4rfv5tgb",
                                   "qazwsxedcrfvtgb",
                                   "1q2w3e4r5t6y7u8i9o0p",
                                   "!@#$%^&*()",
                                   "!\"#$%&/()="};

enum { TEXT_BYTES = 256 };

/* Lower case; with `plain`, digits and marks that stand for letters become them. */
static size_t fold(aisle_str s, bool plain, char out[TEXT_BYTES])
{
    static const char from[] = "0134578@$!|+", to[] = "oieastbasiit";
    size_t n = s.len < TEXT_BYTES - 1 ? s.len : TEXT_BYTES - 1;
    for (size_t i = 0; i < n; i++) {
        char c = s.ptr[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c | 32);
        const char *at = plain && c ? strchr(from, c) : NULL;
        out[i] = at ? to[at - from] : c;
    }
    out[n] = '\0';
    return n;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c & 0x80);
}

static bool is_word(aisle_str s)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (aisle_str_eq(s, aisle_str_from(words[i]))) return true;
    return false;
}

/* The word alone, or several times over. */
static bool is_words(aisle_str s)
{
    for (size_t n = s.len; n >= 3; n--) {
        size_t i = n;
        if (s.len % n || !is_word((aisle_str){s.ptr, n})) continue;
        while (i < s.len && memcmp(s.ptr, s.ptr + i, n) == 0) i += n;
        if (i == s.len) return true;
    }
    return false;
}

/* A part at the front, and one behind it, of what the keyboard or alphabet gives in a row, either way. */
static size_t run_length(aisle_str s)
{
    size_t best = 1;
    for (size_t k = 0; k < sizeof runs / sizeof *runs; k++) {
        const char *run = runs[k];
        size_t length = strlen(run);
        for (size_t at = 0; at < length; at++)
            for (int step = -1; step <= 1; step += 2) {
                size_t n = 0, place = at;
                while (n < s.len && place < length && s.ptr[n] == run[place]) {
                    n++;
                    place += (size_t)step; /* below 0 wraps beyond the length */
                }
                if (n > best) best = n;
            }
    }
    size_t same = 1;
    while (same < s.len && s.ptr[same] == s.ptr[0]) same++;
    return same > best ? same : best;
}

/* Made of at most three runs, each of three or more. */
static bool is_runs(aisle_str s)
{
    int n = 0;
    for (; s.len && n < 3; n++) {
        size_t length = run_length(s);
        if (length < 3) return false;
        s = (aisle_str){s.ptr + length, s.len - length};
    }
    return s.len == 0;
}

static bool few_characters(aisle_str s)
{
    bool seen[256] = {false};
    int n = 0;
    for (size_t i = 0; i < s.len; i++) {
        n += !seen[(unsigned char)s.ptr[i]];
        seen[(unsigned char)s.ptr[i]] = true;
    }
    return n < 4;
}

/* Digits and marks off both ends. */
static aisle_str core(const char *text, size_t n)
{
    while (n && !is_letter(text[n - 1])) n--;
    while (n && !is_letter(*text)) {
        text++;
        n--;
    }
    return (aisle_str){text, n};
}

static bool is_common(aisle_str password)
{
    char lower[TEXT_BYTES], plain[TEXT_BYTES];
    size_t n = fold(password, false, lower);
    if (password.len > 32) return false;
    aisle_str all = {lower, n}, inner = core(lower, n);
    if (few_characters(all) || is_runs(all) || is_words(inner) || (inner.len >= 3 && is_runs(inner)))
        return true;
    /* "p4ssw0rd1!": letters again, once the end is off */
    size_t end = n;
    while (end && !is_letter(lower[end - 1])) end--;
    aisle_str whole = {plain, fold((aisle_str){lower, n}, true, plain)};
    if (is_words(whole)) return true;
    whole.len = fold((aisle_str){lower, end}, true, plain);
    return is_words(whole);
}

/* The account's own words, dressed up by digits and marks. */
static bool is_own(aisle_str password, aisle_str own)
{
    char lower[TEXT_BYTES], mine[TEXT_BYTES];
    if (own.len < 3 || own.len >= TEXT_BYTES || password.len >= TEXT_BYTES) return false;
    aisle_str inner = core(lower, fold(password, false, lower));
    aisle_str theirs = {mine, fold(own, false, mine)};
    return aisle_str_eq(inner, theirs) || aisle_str_eq(inner, core(mine, theirs.len)) ||
           aisle_str_eq((aisle_str){lower, strlen(lower)}, theirs);
}

static size_t characters(aisle_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) n += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
    return n;
}

aisle_password_fault aisle_password_check(aisle_str password, aisle_str email, aisle_str name)
{
    const char *at = email.len ? memchr(email.ptr, '@', email.len) : NULL;
    aisle_str local = {email.ptr, at ? (size_t)(at - email.ptr) : 0};
    if (password.len > AISLE_PASSWORD_BYTES_MAX)
        return (aisle_password_fault){"too_long", "at most 1024 bytes wanted"};
    if (characters(password) < AISLE_PASSWORD_CHARACTERS_MIN)
        return (aisle_password_fault){"too_short", "8 characters or more wanted"};
    if (is_common(password))
        return (aisle_password_fault){"too_common", "this is among the passwords that are guessed first"};
    if (is_own(password, email) || is_own(password, local) || is_own(password, name))
        return (aisle_password_fault){"too_common", "email and name are guessed first"};
    return (aisle_password_fault){NULL, NULL};
}
