/* A tiny file system in memory.
 *
 * A path begins with `/`; names in it are separated by one `/`. The root is `/` itself, and is always there. A name has
 * 1 to PFS_NAME_MAX bytes, any but `/` and NUL; `.` and `..` are no names. A path that ends in `/` (but for the root),
 * holds `//`, does not begin with `/`, or is longer than PFS_PATH_MAX bytes is a bad path, and so is a null pointer.
 *
 * Functions give 0 or a count where they succeed, else one of the errors below, and change nothing then. Where several
 * errors apply: a bad path comes first, then what is wrong on the way to the last name, then what is wrong with it.
 */
#ifndef PROTOFS_H
#define PROTOFS_H

#include <stddef.h>

#define PFS_NAME_MAX 31  /* bytes of a name */
#define PFS_PATH_MAX 255 /* bytes of a path */
#define PFS_FILE_MAX 4096 /* bytes of a file */
#define PFS_NODES_MAX 64 /* files and folders, without the root */

enum {
    PFS_BAD_PATH = -1,     /* "bad path": also a name that is too long */
    PFS_NOT_FOUND = -2,    /* "not found" */
    PFS_EXISTS = -3,       /* "exists" */
    PFS_NOT_A_FOLDER = -4, /* "not a folder": a file stands where a folder is needed, on the way or at the end */
    PFS_IS_A_FOLDER = -5,  /* "is a folder": a folder stands where a file is needed */
    PFS_NOT_EMPTY = -6,    /* "not empty" */
    PFS_FULL = -7,         /* "full": there are PFS_NODES_MAX files and folders, or no memory is left */
    PFS_TOO_LARGE = -8     /* "too large": the file would have more than PFS_FILE_MAX bytes */
};

typedef struct pfs pfs;

/* A new, empty file system; NULL where there is no memory. */
pfs *pfs_open(void);

/* Free all of it; NULL is allowed. */
void pfs_close(pfs *fs);

/* Make a folder. Its parent must be there; it must not. */
int pfs_mkdir(pfs *fs, const char *path);

/* Make an empty file. Its parent must be there; it must not. */
int pfs_create(pfs *fs, const char *path);

/* Write `size` bytes at `offset` of a file that is there. A gap behind the old end is filled with zero bytes. Writing no
 * bytes changes nothing, wherever `offset` is. */
int pfs_write(pfs *fs, const char *path, size_t offset, const void *data, size_t size);

/* Write `size` bytes behind the end of a file that is there. */
int pfs_append(pfs *fs, const char *path, const void *data, size_t size);

/* Read up to `size` bytes from `offset` on; gives how many there were, 0 at the end and behind it. */
long pfs_read(pfs *fs, const char *path, size_t offset, void *buffer, size_t size);

/* The bytes of a file. */
long pfs_size(pfs *fs, const char *path);

/* Delete a file, or a folder that is empty. The root is never deleted: PFS_NOT_EMPTY. */
int pfs_delete(pfs *fs, const char *path);

/* Call `each` for every entry of a folder, in the order of the names' bytes; gives how many there are. `size` is 0 for
 * folders. */
int pfs_list(pfs *fs, const char *path, void (*each)(const char *name, int is_folder, long size, void *context),
             void *context);

/* The words of an error, as in the list above; "ok" for 0, "unknown error" for what is none. */
const char *pfs_message(int error);

#endif
