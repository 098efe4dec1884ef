#include "protofs.h"

#include <assert.h>
#include <string.h>

static void never(const char *name, int is_folder, long size, void *context) {
    (void)name, (void)is_folder, (void)size, (void)context;
    assert(0);
}

int main(void) {
    pfs *fs = pfs_open();
    char byte = 0;
    assert(fs != NULL);
    pfs_close(NULL);
    assert(pfs_mkdir(fs, NULL) == PFS_BAD_PATH);
    assert(pfs_create(fs, NULL) == PFS_BAD_PATH);
    assert(pfs_create(fs, "") == PFS_BAD_PATH);
    assert(pfs_write(fs, NULL, 0, "x", 1) == PFS_BAD_PATH);
    assert(pfs_append(fs, NULL, "x", 1) == PFS_BAD_PATH);
    assert(pfs_read(fs, NULL, 0, &byte, 1) == PFS_BAD_PATH);
    assert(pfs_size(fs, NULL) == PFS_BAD_PATH);
    assert(pfs_delete(fs, NULL) == PFS_BAD_PATH);
    assert(pfs_list(fs, NULL, never, NULL) == PFS_BAD_PATH);
    assert(pfs_list(fs, "/", never, NULL) == 0);
    pfs_close(fs);
    return 0;
}
