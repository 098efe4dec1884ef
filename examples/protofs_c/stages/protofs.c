#include "protofs.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    int used;
    int parent; /* index of a node, or ROOT */
    int is_folder;
    char name[PFS_NAME_MAX + 1];
    unsigned char *data;
    size_t size;
} node;

struct pfs {
    node nodes[PFS_NODES_MAX];
};

enum { ROOT = -100 };

pfs *pfs_open(void) { return calloc(1, sizeof(pfs)); }

void pfs_close(pfs *fs) {
    if (fs == NULL)
        return;
    for (int i = 0; i < PFS_NODES_MAX; i++)
        free(fs->nodes[i].data);
    free(fs);
}

/* Whether a path is well formed. */
static int is_good(const char *path) {
    if (path == NULL || path[0] != '/' || strlen(path) > PFS_PATH_MAX)
        return 0;
    if (path[1] == '\0')
        return 1;
    while (*path == '/') {
        size_t length = strcspn(++path, "/");
        if (length == 0 || length > PFS_NAME_MAX)
            return 0;
        if (path[0] == '.' && (length == 1 || (length == 2 && path[1] == '.')))
            return 0;
        path += length;
    }
    return 1;
}

static int child(const pfs *fs, int parent, const char *name, size_t length) {
    for (int i = 0; i < PFS_NODES_MAX; i++) {
        const node *n = &fs->nodes[i];
        if (n->used && n->parent == parent && strlen(n->name) == length && memcmp(n->name, name, length) == 0)
            return i;
    }
    return PFS_NOT_FOUND;
}

static int is_folder(const pfs *fs, int index) { return index == ROOT || fs->nodes[index].is_folder; }

/* The folder that a path's last name is in, and that name; ROOT with an empty name for the root itself. */
static int parent_of(const pfs *fs, const char *path, const char **name) {
    int at = ROOT;
    if (fs == NULL || !is_good(path))
        return PFS_BAD_PATH;
    path++;
    for (;;) {
        size_t length = strcspn(path, "/");
        *name = path;
        if (path[length] == '\0')
            return at;
        at = child(fs, at, path, length);
        if (at == PFS_NOT_FOUND)
            return at;
        if (!is_folder(fs, at))
            return PFS_NOT_A_FOLDER;
        path += length + 1;
    }
}

static int find(const pfs *fs, const char *path) {
    const char *name = NULL;
    int parent = parent_of(fs, path, &name);
    if (parent < 0 && parent != ROOT)
        return parent;
    return *name == '\0' ? ROOT : child(fs, parent, name, strlen(name));
}

static int find_file(const pfs *fs, const char *path) {
    int at = find(fs, path);
    if (at == ROOT || (at >= 0 && fs->nodes[at].is_folder))
        return PFS_IS_A_FOLDER;
    return at;
}

static int make(pfs *fs, const char *path, int is_folder) {
    const char *name = NULL;
    int parent = parent_of(fs, path, &name);
    if (parent < 0 && parent != ROOT)
        return parent;
    if (*name == '\0' || child(fs, parent, name, strlen(name)) >= 0)
        return PFS_EXISTS;
    for (int i = 0; i < PFS_NODES_MAX; i++) {
        node *n = &fs->nodes[i];
        if (n->used)
            continue;
        memset(n, 0, sizeof *n);
        n->used = 1;
        n->parent = parent;
        n->is_folder = is_folder;
        memcpy(n->name, name, strlen(name));
        return 0;
    }
    return PFS_FULL;
}

int pfs_mkdir(pfs *fs, const char *path) { return make(fs, path, 1); }

int pfs_create(pfs *fs, const char *path) { return make(fs, path, 0); }

static int store(node *n, size_t offset, const void *data, size_t size) {
    if (size == 0)
        return 0;
    if (size > PFS_FILE_MAX || offset > PFS_FILE_MAX - size)
        return PFS_TOO_LARGE;
    if (offset + size > n->size) {
        unsigned char *grown = realloc(n->data, offset + size);
        if (grown == NULL)
            return PFS_FULL;
        if (offset > n->size)
            memset(grown + n->size, 0, offset - n->size);
        n->data = grown;
        n->size = offset + size;
    }
    memcpy(n->data + offset, data, size);
    return 0;
}

int pfs_write(pfs *fs, const char *path, size_t offset, const void *data, size_t size) {
    int at = find_file(fs, path);
    return at < 0 ? at : store(&fs->nodes[at], offset, data, size);
}

int pfs_append(pfs *fs, const char *path, const void *data, size_t size) {
    int at = find_file(fs, path);
    return at < 0 ? at : store(&fs->nodes[at], fs->nodes[at].size, data, size);
}

long pfs_read(pfs *fs, const char *path, size_t offset, void *buffer, size_t size) {
    int at = find_file(fs, path);
    if (at < 0)
        return at;
    const node *n = &fs->nodes[at];
    size_t left = offset < n->size ? n->size - offset : 0;
    size_t count = size < left ? size : left;
    if (count > 0)
        memcpy(buffer, n->data + offset, count);
    return (long)count;
}

long pfs_size(pfs *fs, const char *path) {
    int at = find_file(fs, path);
    return at < 0 ? at : (long)fs->nodes[at].size;
}

int pfs_delete(pfs *fs, const char *path) {
    int at = find(fs, path);
    if (at == ROOT)
        return PFS_NOT_EMPTY;
    if (at < 0)
        return at;
    free(fs->nodes[at].data);
    memset(&fs->nodes[at], 0, sizeof(node));
    return 0;
}

int pfs_list(pfs *fs, const char *path, void (*each)(const char *name, int is_folder, long size, void *context),
             void *context) {
    const node *found[PFS_NODES_MAX];
    int at = find(fs, path), count = 0;
    if (at < 0 && at != ROOT)
        return at;
    if (!is_folder(fs, at))
        return PFS_NOT_A_FOLDER;
    for (int i = 0; i < PFS_NODES_MAX; i++)
        if (fs->nodes[i].used && fs->nodes[i].parent == at)
            found[count++] = &fs->nodes[i];
    for (int i = 0; i < count; i++)
        each(found[i]->name, found[i]->is_folder, (long)found[i]->size, context);
    return count;
}

const char *pfs_message(int error) {
    static const char *const messages[] = {"ok",          "bad path",  "not found", "exists",   "not a folder",
                                           "is a folder", "not empty", "full",      "too large"};
    if (error > 0 || error < PFS_TOO_LARGE)
        return "unknown error";
    return messages[-error];
}
