/* The lists, after the Snowball project's (BSD), shortened to words that shop texts contain. */
#include "cpu/text/stop_words.h"

#include <stdlib.h>
#include <string.h>

static const char *const english[] = {
    "a",      "about",   "above",     "after",   "again",      "against",   "all",   "also",    "am",
    "an",     "and",     "any",       "are",     "aren",       "as",        "at",    "be",      "because",
    "been",   "before",  "being",     "below",   "between",    "both",      "but",   "by",      "can",
    "could",  "couldn",  "d",         "did",     "didn",       "do",        "does",  "doesn",   "doing",
    "don",    "down",    "during",    "each",    "few",        "for",       "from",  "further", "had",
    "hadn",   "has",     "hasn",      "have",    "haven",      "having",    "he",    "her",     "here",
    "hers",   "herself", "him",       "himself", "his",        "how",       "i",     "if",      "in",
    "into",   "is",      "isn",       "it",      "its",        "itself",    "just",  "ll",      "m",
    "me",     "more",    "most",      "mustn",   "my",         "myself",    "no",    "nor",     "not",
    "now",    "o",       "of",        "off",     "on",         "once",      "only",  "or",      "other",
    "our",    "ours",    "ourselves", "out",     "over",       "own",       "re",    "s",       "same",
    "she",    "should",  "shouldn",   "so",      "some",       "such",      "t",     "than",    "that",
    "the",    "their",   "theirs",    "them",    "themselves", "then",      "there", "these",   "they",
    "this",   "those",   "through",   "to",      "too",        "under",     "until", "up",      "ve",
    "very",   "was",     "wasn",      "we",      "were",       "weren",     "what",  "when",    "where",
    "which",  "while",   "who",       "whom",    "why",        "will",      "with",  "won",     "would",
    "wouldn", "you",     "your",      "yours",   "yourself",   "yourselves"};

static const char *const german[] = {
    "aber",    "alle",  "allem",  "allen",   "aller",   "alles",   "als",     "also",    "am",
    "an",      "ander", "andere", "anderem", "anderen", "anderer", "anderes", "auch",    "auf",
    "aus",     "bei",   "bin",    "bis",     "bist",    "da",      "damit",   "dann",    "das",
    "dass",    "dein",  "deine",  "dem",     "den",     "denn",    "der",     "des",     "dich",
    "die",     "dies",  "diese",  "diesem",  "diesen",  "dieser",  "dieses",  "dir",     "doch",
    "dort",    "du",    "durch",  "ein",     "eine",    "einem",   "einen",   "einer",   "eines",
    "er",      "es",    "etwas",  "euch",    "euer",    "eure",    "fur",     "gegen",   "hab",
    "habe",    "haben", "hat",    "hatte",   "hatten",  "hier",    "hin",     "hinter",  "ich",
    "ihm",     "ihn",   "ihnen",  "ihr",     "ihre",    "ihrem",   "ihren",   "ihrer",   "im",
    "in",      "ins",   "ist",    "ja",      "jede",    "jedem",   "jeden",   "jeder",   "jedes",
    "jene",    "kann",  "kein",   "keine",   "keinem",  "keinen",  "keiner",  "konnen",  "konnte",
    "machen",  "man",   "manche", "mein",    "meine",   "mich",    "mir",     "mit",     "muss",
    "musste",  "nach",  "nicht",  "nichts",  "noch",    "nun",     "nur",     "ob",      "oder",
    "ohne",    "sehr",  "sein",   "seine",   "seinem",  "seinen",  "seiner",  "sich",    "sie",
    "sind",    "so",    "solche", "soll",    "sollte",  "sondern", "sonst",   "uber",    "um",
    "und",     "uns",   "unser",  "unsere",  "unter",   "viel",    "vom",     "von",     "vor",
    "wahrend", "war",   "waren",  "warst",   "was",     "weg",     "weil",    "weiter",  "welche",
    "wenn",    "werde", "werden", "wie",     "wieder",  "will",    "wir",     "wird",    "wo",
    "wollen",  "wurde", "wurden", "zu",      "zum",     "zur",     "zwar",    "zwischen"};

static const char *const french[] = {
    "a",       "ai",     "ainsi",  "alors",   "apres", "as",      "au",    "aucun",  "aussi", "autre",
    "aux",     "avec",   "avez",   "avons",   "ayant", "c",       "car",   "ce",     "ceci",  "cela",
    "celle",   "celles", "celui",  "ces",     "cet",   "cette",   "ceux",  "chez",   "ci",    "comme",
    "comment", "d",      "dans",   "de",      "des",   "donc",    "dont",  "du",     "elle",  "elles",
    "en",      "encore", "entre",  "est",     "et",    "etaient", "etais", "etait",  "etant", "ete",
    "etes",    "etre",   "eu",     "eux",     "fait",  "il",      "ils",   "j",      "je",    "l",
    "la",      "le",     "les",    "leur",    "leurs", "lui",     "m",     "ma",     "mais",  "me",
    "meme",    "mes",    "moi",    "mon",     "n",     "ne",      "ni",    "nos",    "notre", "nous",
    "on",      "ont",    "ou",     "par",     "pas",   "peu",     "plus",  "pour",   "qu",    "quand",
    "que",     "quel",   "quelle", "quelles", "quels", "qui",     "s",     "sa",     "sans",  "se",
    "sera",    "ses",    "si",     "soit",    "son",   "sont",    "sous",  "sur",    "t",     "ta",
    "te",      "tes",    "toi",    "ton",     "tous",  "tout",    "toute", "toutes", "tres",  "tu",
    "un",      "une",    "vos",    "votre",   "vous",  "y"};

static const char *const spanish[] = {
    "a",        "al",      "algo",    "algunas", "algunos", "ante",  "antes",  "aquel",    "aquella",
    "asi",      "aun",     "como",    "con",     "contra",  "cual",  "cuando", "de",       "del",
    "desde",    "donde",   "dos",     "durante", "e",       "el",    "ella",   "ellas",    "ellos",
    "en",       "entre",   "era",     "eran",    "eres",    "es",    "esa",    "esas",     "ese",
    "eso",      "esos",    "esta",    "estaba",  "estado",  "estan", "estar",  "estas",    "este",
    "esto",     "estos",   "fue",     "fueron",  "ha",      "habia", "han",    "hasta",    "hay",
    "he",       "la",      "las",     "le",      "les",     "lo",    "los",    "mas",      "me",
    "mi",       "mis",     "mucho",   "muchos",  "muy",     "nada",  "ni",     "no",       "nos",
    "nosotros", "nuestra", "nuestro", "o",       "os",      "otra",  "otras",  "otro",     "otros",
    "para",     "pero",    "poco",    "por",     "porque",  "que",   "quien",  "se",       "sea",
    "ser",      "si",      "sido",    "sin",     "sobre",   "son",   "su",     "sus",      "suya",
    "suyo",     "tambien", "tan",     "tanto",   "te",      "tiene", "tienen", "todo",     "todos",
    "tu",       "tus",     "un",      "una",     "unas",    "uno",   "unos",   "vosotros", "y",
    "ya",       "yo"};

static const char *const italian[] = {
    "a",      "ad",     "agli",  "ai",     "al",     "alla",   "alle",   "allo",   "anche",  "avere",
    "aveva",  "c",      "che",   "chi",    "ci",     "come",   "con",    "contro", "cui",    "d",
    "da",     "dagli",  "dai",   "dal",    "dalla",  "dalle",  "dallo",  "de",     "degli",  "dei",
    "del",    "della",  "delle", "dello",  "di",     "dove",   "e",      "ed",     "era",    "erano",
    "essere", "fra",    "gli",   "ha",     "hanno",  "ho",     "i",      "il",     "in",     "io",
    "l",      "la",     "le",    "lei",    "li",     "lo",     "loro",   "lui",    "ma",     "mi",
    "mia",    "mie",    "miei",  "mio",    "ne",     "negli",  "nei",    "nel",    "nella",  "nelle",
    "nello",  "noi",    "non",   "nostra", "nostro", "o",      "ogni",   "per",    "perche", "piu",
    "poi",    "qual",   "quale", "quanto", "quella", "quelle", "quelli", "quello", "questa", "queste",
    "questi", "questo", "se",    "sei",    "si",     "sia",    "siamo",  "solo",   "sono",   "sta",
    "su",     "sua",    "sue",   "sugli",  "sui",    "sul",    "sulla",  "sulle",  "sullo",  "suo",
    "suoi",   "te",     "ti",    "tra",    "tu",     "tua",    "tuo",    "tutti",  "tutto",  "un",
    "una",    "uno",    "vi",    "voi"};

static const char *const portuguese[] = {
    "a",      "ao",   "aos",   "aquela", "aquele", "as",    "ate",   "com",   "como",  "da",     "das",
    "de",     "dela", "dele",  "deles",  "depois", "do",    "dos",   "e",     "ela",   "elas",   "ele",
    "eles",   "em",   "entre", "era",    "eram",   "essa",  "esse",  "esta",  "estao", "estar",  "estas",
    "estava", "este", "estes", "eu",     "foi",    "foram", "ha",    "isso",  "isto",  "ja",     "la",
    "lhe",    "lhes", "mais",  "mas",    "me",     "mesmo", "meu",   "meus",  "minha", "minhas", "muito",
    "na",     "nao",  "nas",   "nem",    "no",     "nos",   "nossa", "nosso", "num",   "numa",   "o",
    "os",     "ou",   "para",  "pela",   "pelas",  "pelo",  "pelos", "por",   "qual",  "quando", "que",
    "quem",   "sao",  "se",    "seja",   "sem",    "ser",   "seu",   "seus",  "so",    "sua",    "suas",
    "tambem", "te",   "tem",   "ter",    "teu",    "teve",  "tinha", "tu",    "tua",   "um",     "uma",
    "umas",   "uns",  "voce",  "voces"};

static const char *const dutch[] = {
    "aan",    "al",   "alles",  "als",    "altijd",  "andere", "ben",   "bij",  "daar",   "dan",   "dat",
    "de",     "der",  "deze",   "die",    "dit",     "doch",   "doen",  "door", "dus",    "een",   "eens",
    "en",     "er",   "ge",     "geen",   "geweest", "haar",   "had",   "heb",  "hebben", "heeft", "hem",
    "het",    "hier", "hij",    "hoe",    "hun",     "iemand", "iets",  "ik",   "in",     "is",    "ja",
    "je",     "kan",  "kon",    "kunnen", "maar",    "me",     "meer",  "men",  "met",    "mij",   "mijn",
    "moet",   "na",   "naar",   "niet",   "niets",   "nog",    "nu",    "of",   "om",     "omdat", "onder",
    "ons",    "ook",  "op",     "over",   "reeds",   "te",     "tegen", "toch", "toen",   "tot",   "u",
    "uit",    "uw",   "van",    "veel",   "voor",    "want",   "waren", "was",  "wat",    "werd",  "wezen",
    "wie",    "wil",  "worden", "wordt",  "zal",     "ze",     "zelf",  "zich", "zij",    "zijn",  "zo",
    "zonder", "zou"};

#define LIST(l)                                                                                              \
    {                                                                                                        \
#        l, l, (int)(sizeof l / sizeof *l)                                                                   \
    }
static const aisle_stop_words lists[] = {LIST(english), LIST(german),     LIST(french), LIST(spanish),
                                         LIST(italian), LIST(portuguese), LIST(dutch)};

const aisle_stop_words *aisle_stop_words_of(const char *language)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (strcmp(lists[i].language, language) == 0) return &lists[i];
    return NULL;
}

static int compare(const void *key, const void *entry)
{
    const aisle_str *word = key;
    const char *listed = *(const char *const *)entry;
    int order = strncmp(word->ptr, listed, word->len);
    return order ? order : -(listed[word->len] != '\0');
}

bool aisle_stop_words_have(const aisle_stop_words *list, aisle_str word)
{
    return list && word.len && bsearch(&word, list->words, (size_t)list->n, sizeof *list->words, compare);
}
