/* The few language helpers that every module uses. */
#ifndef MENTIOND_BASE_H
#define MENTIOND_BASE_H

#include <stddef.h>
#include <stdlib.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* CLEANUP(free_p) char *s = NULL;  runs free_p(&s) when s goes out of scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Hands over ownership: the value of p, and p is NULL afterwards. */
#define TAKE(p)                                                                                    \
    __extension__({                                                                                \
        __typeof__(p) *taken_from = &(p);                                                          \
        __typeof__(p) taken = *taken_from;                                                         \
        *taken_from = NULL;                                                                        \
        taken;                                                                                     \
    })

/* The CLEANUP function for memory from malloc(). */
static inline void free_p(void *pointer)
{
    free(*(void **)pointer);
}

#endif
