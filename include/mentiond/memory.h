/* Memory back to the system. */
#ifndef MENTIOND_MEMORY_H
#define MENTIOND_MEMORY_H

/* For when nothing is going on: free heap, and those pages of the program and its libraries that nobody has
 * written to. The latter stay in the page cache; which of them are needed again, as few as idling needs,
 * comes from there at some 0.1 ms for all. */
void memory_rest(void);

#endif
