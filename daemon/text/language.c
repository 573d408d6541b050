/* Which language a post is in, for networks that do not say: by its script, and among the
 * languages of the Latin script by the small words that no sentence does without.
 *
 * It would rather say "und" than guess: packs of every language look at such a post. Names,
 * links and hashtags do not count. */
#include <pthread.h>

#include "mentiond/text.h"
#include "utf8.h"

#define LOOKED_AT_MAX 1024 /* bytes */
#define WORD_MAX 16
#define SCORE_MIN 2 /* small words needed */
#define SLOTS 4096 /* of the table of small words: a power of two, several times their number */

struct stop_words {
    struct str tag;
    const char *words; /* lower case, each between spaces */
};

#define TAG(tag) {tag, sizeof(tag) - 1}

static const struct stop_words languages[] = {
    {TAG("en"),
     " the and is are was were to of you your my it it's this that with have has had "
     "for not can't don't i'm i've be been but at on what why how when will would "
     "just they their from get all out we our an i do does did he she her his if so "
     "there any still who please thanks thank "},
    {TAG("es"),
     " el la los las de que y es en un una no se por con para su al lo como más pero "
     "sus le ya muy este esta esto mi me te si está están estoy hay todo nos ni tan "
     "porque qué cuando tengo hace desde hola gracias soy son del "},
    {TAG("de"),
     " der die das und ist nicht ich ein eine mit auf für sie es den dem von zu auch "
     "sich bei wie aber oder nur noch war wenn hat haben mir mich wir ihr euch kein "
     "keine im am schon wird sind als man was warum wieder seit mal danke bitte nach "
     "immer zum zur beim vom bis dann dass mehr aus über unter vor nichts alles alle "
     "diese dieser heute gestern jetzt hier doch kann gibt geht macht werden wurde "
     "bin bist ja nein einen einem einer eine sehr ganz sein habe hatte um sie er "
     "ihre unsere gut neue neuen neuer "},
    {TAG("fr"),
     " le la les des et est un une du je vous pas que qui dans pour sur avec ce cette "
     "mon ma mes ne plus au aux par mais on il elle nous votre vos c'est j'ai n'est "
     "être avoir sont tout bien très suis depuis quand merci bonjour ça où ou chez à "
     "fait faire va quel quelle toi moi lui sa son ses leur tu jamais rien aussi "
     "comme non oui trop encore après avant déjà ils j'aime n'ai d'un d'une qu'il "
     "l'on t'as ta tes ton y'a cet ces sans sous donc parce "},
    {TAG("pt"),
     " o os as de que e é em um uma não com para por se na no da do dos das mais mas "
     "meu minha eu você vocês está estou isso esse essa muito já foi ser tem só até "
     "quando como porque ao pra nos são nem sem obrigado obrigada bom dia vou vai "
     "pelo pela tudo todo toda aqui agora hoje ontem amanhã mesmo gente também ele "
     "ela seu sua depois ainda nunca sempre quero ai tá tô "},
    {TAG("it"),
     " il lo la gli le di che e è un una non per con mi ma si del della dei delle al "
     "alla anche sono ho ha hai come più questo questa se ci da nel nella perché "
     "quando io mio mia molto già solo sempre cosa grazie ciao i lo ne tutti tutto "
     "poi ora oggi ieri dopo senza essere fare chi quello quella loro noi voi tu te "
     "lui lei suo sua era stato nella sul sulla dal dalla ed ad o "},
    {TAG("nl"),
     " de het een en is niet ik van op te dat die voor met zijn er maar ook aan om "
     "bij nog wel geen naar heb hebben wat jullie je mijn kan al weer dit wordt door "
     "waar sinds bedankt "},
    {TAG("sv"),
     " och att det är jag inte en ett som på för med har av den till om ni men kan "
     "min så vi var mig nu när från hej tack också "},
    {TAG("pl"),
     " i w na nie się że to z do jest jak co ale od za o po tak już tylko mam czy dla "
     "przez mnie was jest są gdzie kiedy dzień dobry dziękuję "},
    {TAG("tr"),
     " ve bir bu da de için çok ne ama gibi daha değil mi var yok ben siz bana neden "
     "kadar nasıl olarak hala sonra "},
};

/* Letters that one or two of them use; worth a small word. */
static const struct {
    uint32_t letter;
    const char *tag;
} letters[] = {
    {0xF1, "es"}, {0xBF, "es"}, {0xA1, "es"},   {0xDF, "de"},   {0xE4, "de"},   {0xFC, "de"},
    {0xE3, "pt"}, {0xF5, "pt"}, {0xE5, "sv"},   {0x142, "pl"},  {0x119, "pl"},  {0x17C, "pl"},
    {0x15B, "pl"}, {0x131, "tr"}, {0x11F, "tr"}, {0x15F, "tr"}, {0xEA, "fr"},   {0xE8, "it"},
    {0xE8, "fr"}, {0xF2, "it"}, {0xF9, "it"},
};

struct script {
    uint32_t first, last;
    struct str tag;
};

static const struct script scripts[] = {
    {0x0370, 0x03FF, TAG("el")}, {0x0400, 0x052F, TAG("ru")}, {0x0590, 0x05FF, TAG("he")},
    {0x0600, 0x06FF, TAG("ar")}, {0x0900, 0x097F, TAG("hi")}, {0x0980, 0x09FF, TAG("bn")},
    {0x0B80, 0x0BFF, TAG("ta")}, {0x0E00, 0x0E7F, TAG("th")}, {0x10A0, 0x10FF, TAG("ka")},
    {0x3040, 0x30FF, TAG("ja")}, {0x4E00, 0x9FFF, TAG("zh")}, {0xAC00, 0xD7AF, TAG("ko")},
};

/* ---- small words --------------------------------------------------------------------------- */

/* All small words with the languages that have them, by hash; filled once from the lists above. */
static struct slot {
    const char *word; /* not terminated; NULL: free */
    uint8_t len;
    uint16_t languages; /* bit i: languages[i] */
} slots[SLOTS];
static pthread_once_t slots_once = PTHREAD_ONCE_INIT;

_Static_assert(ARRAY_LEN(languages) <= 16, "a bit for each language");

static struct slot *slot_find(const char *word, size_t len)
{
    uint32_t hash = 2166136261u;
    struct slot *slot;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)word[i]) * 16777619u;
    for (slot = &slots[hash % SLOTS]; slot->word; slot = &slots[++hash % SLOTS]) {
        if (slot->len == len && memcmp(slot->word, word, len) == 0)
            break;
    }
    return slot;
}

static void slots_fill(void)
{
    for (size_t i = 0; i < ARRAY_LEN(languages); i++) {
        struct str words = str_from(languages[i].words);

        while (words.s) {
            struct str word = str_split(words, ' ', &words);
            struct slot *slot = slot_find(word.s, word.len);

            if (word.len == 0 || word.len > WORD_MAX)
                continue;
            slot->word = word.s;
            slot->len = (uint8_t)word.len;
            slot->languages |= (uint16_t)(1u << i);
        }
    }
}

struct tally {
    unsigned words[ARRAY_LEN(languages)];
    unsigned scripts[ARRAY_LEN(scripts)];
    unsigned latin; /* letters */
    bool ukrainian;
    char word[WORD_MAX];
    size_t word_len; /* over WORD_MAX: too long to be a small word */
    bool name;       /* inside a handle, hashtag or link */
};

static void word_count(struct tally *t)
{
    if (t->word_len > 0 && t->word_len <= WORD_MAX && !t->name) {
        unsigned bits = slot_find(t->word, t->word_len)->languages;

        for (size_t i = 0; bits; i++, bits >>= 1)
            t->words[i] += bits & 1;
    }
    t->word_len = 0;
}

static void letter_count(struct tally *t, uint32_t c)
{
    for (size_t i = 0; i < ARRAY_LEN(letters); i++)
        for (size_t k = 0; letters[i].letter == c && k < ARRAY_LEN(languages); k++)
            t->words[k] += str_eq(languages[k].tag, str_from(letters[i].tag));
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
        t->scripts[i] += c >= scripts[i].first && c <= scripts[i].last;
    t->ukrainian |= c == 0x456 || c == 0x457 || c == 0x454 || c == 0x491;
}

static void word_add(struct tally *t, struct str bytes, uint32_t c)
{
    uint32_t lower = c >= 'A' && c <= 'Z' ? c | 0x20 : c >= 0xC0 && c <= 0xDE ? c + 0x20 : c;
    char encoded[4];
    size_t len = c == UTF8_BAD ? bytes.len : utf8_encode(lower, encoded);

    t->latin += lower >= 'a' && lower <= 'z';
    if (t->word_len + len <= WORD_MAX && c != UTF8_BAD)
        memcpy(t->word + t->word_len, encoded, len);
    t->word_len += len;
    if (c >= 0x80 && c != UTF8_BAD && !t->name)
        letter_count(t, lower);
}

static bool is_word_char(uint32_t c)
{
    uint32_t lower = c | 0x20;

    return c >= 0x80 || c == '\'' || (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
}

static void tally_text(struct tally *t, struct str text)
{
    size_t len;

    for (size_t pos = 0; pos < text.len; pos += len) {
        uint32_t c = utf8_decode(text, pos, &len);
        if (c == 0x2019)
            c = '\'';
        if (is_word_char(c)) {
            word_add(t, str_slice(text, pos, pos + len), c);
            continue;
        }
        t->name |= c == ':' && str_starts_with(str_slice(text, pos, text.len), STR("://"));
        word_count(t);
        if (c == '@' || c == '#')
            t->name = true;
        else if (c <= ' ')
            t->name = false;
    }
    word_count(t);
}

/* Japanese mixes kanji with kana; Cyrillic with Ukrainian letters is Ukrainian. */
static struct str by_script(const struct tally *t)
{
    size_t best = 0;

    for (size_t i = 1; i < ARRAY_LEN(scripts); i++)
        if (t->scripts[i] > t->scripts[best])
            best = i;
    if (t->scripts[best] < 2 || t->scripts[best] * 2 < t->latin)
        return STR("und");
    if (str_eq(scripts[best].tag, STR("zh")))
        for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
            if (t->scripts[i] > 0 && str_eq(scripts[i].tag, STR("ja")))
                return scripts[i].tag;
    if (str_eq(scripts[best].tag, STR("ru")) && t->ukrainian)
        return STR("uk");
    return scripts[best].tag;
}

static struct str by_words(const struct tally *t)
{
    size_t best = 0;
    unsigned second = 0;

    for (size_t i = 1; i < ARRAY_LEN(languages); i++)
        if (t->words[i] > t->words[best])
            best = i;
    for (size_t i = 0; i < ARRAY_LEN(languages); i++)
        if (i != best && t->words[i] > second)
            second = t->words[i];
    if (t->words[best] < SCORE_MIN || t->words[best] <= second)
        return STR("und");
    return languages[best].tag;
}

struct str text_language(struct str text)
{
    struct tally t = {0};

    pthread_once(&slots_once, slots_fill);
    tally_text(&t, str_cut_utf8(text, LOOKED_AT_MAX));
    struct str tag = by_script(&t);
    return str_eq(tag, STR("und")) ? by_words(&t) : tag;
}
