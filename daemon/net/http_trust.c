/* Trust, without reading 140 certificates for each connection.
 *
 * curl as Debian builds it has a bundle and a folder of the system's certificates, and a default for both. It
 * reads the whole bundle for each new connection (it keeps what it read only where no folder is set): 26 ms
 * of CPU in which the loop stands still, and 0.8 MB that live as long as the connection. From the folder
 * OpenSSL reads the one certificate it needs, by the hash of its name. So the folder is used alone where it
 * has such names, and a file of the operator's is used alone always: it is meant to be trusted instead of the
 * system's certificates, not besides. */
#include "http_trust.h"

#include <ctype.h>
#include <dirent.h>
#include <string.h>

#define HASH_DIGITS 8
#define ENTRIES_MAX 10000

static bool is_hash_name(const char *name)
{
    size_t n = 0;

    while (isxdigit((unsigned char)name[n]))
        n++;
    return n == HASH_DIGITS && name[n] == '.' && isdigit((unsigned char)name[n + 1]);
}

bool http_trust_is_hashed(const char *folder)
{
    DIR *dir = folder ? opendir(folder) : NULL;
    const struct dirent *entry;
    bool found = false;

    if (!dir)
        return false;
    for (int i = 0; !found && i < ENTRIES_MAX && (entry = readdir(dir)); i++)
        found = is_hash_name(entry->d_name);
    closedir(dir);
    return found;
}

bool http_trust_has_folder(void)
{
    CURL *easy = curl_easy_init();
    char *folder = NULL;
    bool has_folder;

    if (easy)
        curl_easy_getinfo(easy, CURLINFO_CAPATH, &folder);
    has_folder = http_trust_is_hashed(folder);
    curl_easy_cleanup(easy);
    return has_folder;
}

void http_trust_set(CURL *easy, const char *ca_file, bool has_folder)
{
    if (ca_file) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    } else if (has_folder) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    }
}
