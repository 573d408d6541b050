/* The built-in lists: two tables.
 *
 * Amounts are PCRE2, because digits are no words that a phrase could list. They see the normal
 * form: lower case, every sign a token, "10:30" as "10 30". Emoji are phrases, so they are
 * normalised with the rest of the pack. */
#include "rules/builtins.h"

/* Digits, or one of the words, before a unit; "45mins"; and units that need no number. */
#define DURATION(words, units, alone)                                                              \
    "(?: (?:\\d+(?: \\d+)?|" words ") (?:" units ")"                                               \
    "| \\d+(?:s|sec|m|min|mins|h|hr|hrs|std|d|j|w)| (?:" alone "))"
#define MONEY(names)                                                                               \
    "(?: [\\p{Sc}] \\d+(?: \\d{2,3})*[km]?| \\d+(?: \\d{2,3})* (?:[\\p{Sc}]|" names ")(?= ))"
#define TIME(more) "(?: \\d\\d \\d\\d| " more ")"
#define COUNT(words) "(?: \\d+| (?:" words "))"

static const struct {
    const char *name, *lang, *source;
} amounts[] = {
    {"duration", "en",
     "(?:(?: (?:\\d+(?: \\d+)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|several|few|"
     "couple|couple of|half an?|many))(?: (?:more|whole|full|long|and a half))?"
     " (?:secs?|seconds?|mins?|minutes?|hours?|hrs?|days?|weeks?|wks?|months?|years?|yrs?)"
     "| \\d+(?:s|m|min|mins|h|hr|hrs|d|w|wks?|yrs?)| hours| days| weeks| months| years| ages)"},
    {"money", "en",
     "(?: [\\p{Sc}] \\d+(?: \\d{2,3})*[km]?| \\d+(?: \\d{2,3})*"
     " (?:dollars?|bucks|pounds?|quid|euros?|usd|gbp|eur|cents?|pence)(?= ))"},
    {"time", "en", "(?: \\d{1,2}(?: \\d\\d)? ?(?:am|pm)| \\d\\d \\d\\d| noon| midnight)"},
    {"count", "en",
     "(?: \\d+(?:st|nd|rd|th|x)?| one| two| three| four| five| six| seven| eight| nine| ten"
     "| dozens?| hundreds| thousands| several| many| multiple| numerous| countless)"},

    {"duration", "de",
     DURATION("eine[mnr]?|ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zwölf|mehreren?|"
              "einigen?|etlichen?|halben?|ganzen?|vielen?|paar",
              "sek(?:unden?)?|min(?:uten?)?|std|stunden?|tag(?:en?)?|wochen?|monat(?:en?)?|"
              "jahr(?:en?)?",
              "stunden(?:lang)?|tage(?:lang)?|wochen(?:lang)?|monate(?:lang)?|jahre(?:lang)?")},
    {"money", "de", MONEY("euros?|eur|cents?|franken|chf|dollar|usd|pfund")},
    {"time", "de", TIME("\\d{1,2}(?: \\d\\d)? uhr| mittags?| mitternacht")},
    {"count", "de",
     COUNT("eins|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zwölf|dutzende?|hunderten?|"
           "tausenden?|mehreren?|vielen?|einigen?|etlichen?|zahlreichen?|unzähligen?")},

    {"duration", "es",
     DURATION("una?|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|doce|varios|varias|muchos|"
              "muchas|media|un[oa]s|un par de",
              "segundos?|seg|minutos?|min|horas?|d[ií]as?|semanas?|mes(?:es)?|a[nñ]os?",
              "horas|d[ií]as|semanas|meses|años")},
    {"money", "es", MONEY("euros?|eur|d[oó]lares|usd|pesos?|c[eé]ntimos?|soles")},
    {"time", "es", TIME("las \\d{1,2}(?: \\d\\d)?| mediod[ií]a| medianoche")},
    {"count", "es",
     COUNT("dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|doce|docenas?|decenas?|cientos|"
           "miles|varios|varias|muchos|muchas|m[uú]ltiples|numeros[oa]s|incontables")},

    {"duration", "fr",
     DURATION("une?|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|quelques|plusieurs|demie?",
              "sec(?:ondes?)?|min(?:utes?)?|heures?|h|jours?|semaines?|mois|ans?|années?",
              "heures|jours|semaines|mois|années")},
    {"money", "fr", MONEY("euros?|eur|centimes?|francs?|dollars?|balles")},
    {"time", "fr", TIME("\\d{1,2}h(?:\\d\\d)?| \\d{1,2} h(?:eures?)?(?: \\d\\d)?| midi| minuit")},
    {"count", "fr",
     COUNT("deux|trois|quatre|cinq|six|sept|huit|neuf|dix|dizaines?|douzaines?|centaines?|"
           "milliers?|plusieurs|nombreu(?:x|ses)|multiples|innombrables")},

    {"duration", "it",
     DURATION("un[oa]?|due|tre|quattro|cinque|sei|sette|otto|nove|dieci|alcun[ie]|divers[ie]|"
              "molt[ie]|mezz[ao]?|un paio di|qualche",
              "second[oi]|sec|minut[oi]|min|or[ae]|giorn[oi]|settiman[ae]|mes[ei]|ann[oi]",
              "ore|giorni|settimane|mesi|anni")},
    {"money", "it", MONEY("euro|eur|centesimi|dollari|franchi")},
    {"time", "it", TIME("le \\d{1,2}(?: \\d\\d)?| mezzogiorno| mezzanotte")},
    {"count", "it",
     COUNT("due|tre|quattro|cinque|sei|sette|otto|nove|dieci|dozzin[ae]|decine|centinaia|"
           "migliaia|divers[ie]|molt[ie]|parecchi[e]?|numeros[ie]|innumerevoli")},

    {"duration", "pt",
     DURATION("uma?|dois|duas|tr[eê]s|quatro|cinco|seis|sete|oito|nove|dez|v[aá]ri[oa]s|"
              "muit[oa]s|meia|algu(?:ns|mas)|uns|umas",
              "segundos?|seg|minutos?|min|horas?|h|dias?|semanas?|m[eê]s|meses|anos?",
              "horas|dias|semanas|meses|anos")},
    {"money", "pt", MONEY("euros?|eur|rea(?:l|is)|brl|c[eê]ntimos?|centavos?|d[oó]lares|contos")},
    {"time", "pt", TIME("\\d{1,2}h(?:\\d\\d)?| meio dia| meia noite")},
    {"count", "pt",
     COUNT("dois|duas|tr[eê]s|quatro|cinco|seis|sete|oito|nove|dez|d[uú]zias?|dezenas|centenas|"
           "milhares|v[aá]ri[oa]s|muit[oa]s|m[uú]ltipl[oa]s|inúmer[oa]s")},
};

/* Each begins with its name, for str_nearest(). */
static const struct {
    const char *name, *phrase;
} meanings[] = {
    {"emoji.anger", "(😠|😡|🤬|😤|👿|💢|🖕|😾)"},
    {"emoji.approve", "(👍|👌|✅|☑|✔|💯|👏|🆗)"},
    {"emoji.celebrate", "(🎉|🎊|🥳|🙌|🏆|🥇|🍾|🎈)"},
    {"emoji.disapprove", "(👎|❌|🚫|⛔|🙅|✖)"},
    {"emoji.disgust", "(🤮|🤢|💩|🗑|🚮)"},
    {"emoji.joy", "(😀|😁|😃|😄|😆|😊|☺|🙂|😎|🤗|😺|🤩|😋|🌟|⭐|✨)"},
    {"emoji.laugh", "(😂|🤣|😹|😜|😝|😛|🤪)"},
    {"emoji.love", "(❤|♥|😍|🥰|😘|😻|💕|💖|💗|💓|💞|💘|💙|💚|💛|💜|🧡|🤍|🖤|🤎|💝)"},
    {"emoji.sad", "(😢|😭|😞|😔|😟|🙁|☹|😥|😿|💔|😩|😫|😖|😣)"},
    {"emoji.sarcasm", "(🙄|😒|🙃|😑|😏|🤡)"},
    {"emoji.thanks", "(🙏|🤝|💐|🌹)"},
    {"emoji.wait", "(⏳|⌛|⏰|🕐|🐌|🥱|😴|💤|🦥)"},
    {"emoji.worry", "(😱|😨|😰|😳|🤯|🆘|⚠|🚨)"},
    {NULL, NULL},
};

static struct str primary_of(struct str lang)
{
    size_t len = 0;

    while (len < lang.len && lang.s[len] != '-' && lang.s[len] != '_')
        len++;
    return str_slice(lang, 0, len);
}

const char *builtin_source(struct str name, struct str lang)
{
    struct str primary = primary_of(lang);
    const char *english = NULL;

    for (size_t i = 0; i < ARRAY_LEN(amounts); i++) {
        if (!str_eq(name, str_from(amounts[i].name)))
            continue;
        if (str_eq_nocase(primary, str_from(amounts[i].lang)))
            return amounts[i].source;
        if (strcmp(amounts[i].lang, "en") == 0)
            english = amounts[i].source;
    }
    return english;
}

const char *builtin_phrase(struct str name)
{
    for (size_t i = 0; meanings[i].name; i++)
        if (str_eq(name, str_from(meanings[i].name)))
            return meanings[i].phrase;
    return NULL;
}

bool builtin_is(struct str name)
{
    return builtin_phrase(name) || builtin_source(name, (struct str){0});
}

const char *builtin_guess(struct str name)
{
    return str_nearest(name, meanings, sizeof(meanings[0]));
}
