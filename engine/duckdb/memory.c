// What the engine's allocator does with memory that is not in use. A hunt is hundreds of
// short queries that take and free megabytes each, and a page that the system gives, or
// gives anew, costs more than most of them do with it.
#include "capi.h"

#ifdef __linux__
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

// Whoever sets jemalloc's own variable decides about all of this.
static int decided(void) {
	return getenv("DUCKDB_JE_MALLOC_CONF") != 0;
}

// Read by jemalloc, which the engine brings on Linux, when it starts.
const char *duckdb_je_malloc_conf_2_conf_harder;

// Runs before jemalloc starts: what is freed is to stay at hand for ten seconds instead of
// one, and smaller pieces are to be cut off it.
__attribute__((constructor(101))) static void configure(void) {
	if (!decided()) {
		duckdb_je_malloc_conf_2_conf_harder = "dirty_decay_ms:10000,lg_extent_max_active_fit:16";
	}
}

// jemalloc's calls with arguments, as its manual has them; absent where the engine was
// built without.
extern int duckdb_je_mallctl(const char *name, void *old, size_t *old_size, void *new, size_t new_size) __attribute__((weak));
extern void *duckdb_je_mallocx(size_t size, int flags) __attribute__((weak));
extern void duckdb_je_dallocx(void *p, int flags) __attribute__((weak));

#define HUGE_PAGE_BITS 21
#define BLOCKS 8
#define BLOCK_BYTES ((size_t)240 << 20) // beyond 256 MiB jemalloc keeps nothing at hand

// Flags of a block of an arena, past the cache of the thread, on the border of a huge page.
static int of_arena(unsigned arena) {
	return (int)(arena + 1) << 20 | 1 << 8 | HUGE_PAGE_BITS;
}

// Takes addresses for 2 GB, asks for pages of 2 MiB there where the system has them for
// the asking, and frees them: jemalloc then cuts from these first. Until something is
// written to an address there is no memory behind it.
static void make_room(void) {
	unsigned arenas = 0;
	size_t size = sizeof arenas;
	void *blocks[BLOCKS];
	if (decided() || !duckdb_je_mallctl || !duckdb_je_mallocx || !duckdb_je_dallocx || duckdb_je_mallctl("arenas.narenas", &arenas, &size, 0, 0) || !arenas) {
		return;
	}
	for (unsigned i = 0; i < BLOCKS; i++) {
		blocks[i] = duckdb_je_mallocx(BLOCK_BYTES, of_arena(i % arenas));
		if (blocks[i]) {
			madvise(blocks[i], BLOCK_BYTES, MADV_HUGEPAGE); // refused by a system without
		}
	}
	for (unsigned i = 0; i < BLOCKS; i++) {
		if (blocks[i]) {
			duckdb_je_dallocx(blocks[i], of_arena(i % arenas));
		}
	}
}

void quarry_make_room(void) {
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, make_room);
}
#else
void quarry_make_room(void) {
}
#endif
