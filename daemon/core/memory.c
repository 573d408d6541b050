/* Giving memory back while idle.
 *
 * Starting and judging run through far more code of OpenSSL, curl, PCRE2 and libc than waiting does, and the
 * kernel maps sixteen pages for each one that is touched. Segments that are mapped without leave to write
 * hold nothing but what their files do, so they may be let go of at any time (a debugger's breakpoints go
 * with them). The others, also those that were made read-only once relocated, are never touched here, nor is
 * an object whose code was relocated. */
#include "mentiond/memory.h"

#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool is_relocated_in_code(const struct dl_phdr_info *object, const ElfW(Phdr) *segment)
{
    const ElfW(Dyn) *entry = (const ElfW(Dyn) *)(object->dlpi_addr + segment->p_vaddr);

    for (; entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_TEXTREL || (entry->d_tag == DT_FLAGS && entry->d_un.d_val & DF_TEXTREL))
            return true;
    return false;
}

/* The program itself has no name here, libraries have a path, and what the kernel maps has neither. */
static bool may_rest(const struct dl_phdr_info *object)
{
    bool dynamic = false;

    if (object->dlpi_name[0] != '\0' && !strchr(object->dlpi_name, '/'))
        return false;
    for (ElfW(Half) i = 0; i < object->dlpi_phnum; i++) {
        if (object->dlpi_phdr[i].p_type != PT_DYNAMIC)
            continue;
        if (is_relocated_in_code(object, &object->dlpi_phdr[i]))
            return false;
        dynamic = true;
    }
    return dynamic;
}

/* Whole pages only: what a neighbour could share stays. */
static void segment_rest(uintptr_t start, size_t size)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = (start + page - 1) & ~(page - 1), end = (start + size) & ~(page - 1);

    if (first < end)
        madvise((void *)first, end - first, MADV_DONTNEED);
}

static int object_rest(struct dl_phdr_info *object, size_t size, void *user)
{
    (void)size;
    (void)user;
    if (!may_rest(object))
        return 0;
    for (ElfW(Half) i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];

        if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W))
            segment_rest(object->dlpi_addr + segment->p_vaddr, segment->p_filesz);
    }
    return 0;
}

void memory_rest(void)
{
    malloc_trim(0);
    dl_iterate_phdr(object_rest, NULL);
}
