#include "protofs.h"

#include <assert.h>
#include <string.h>

static void each(const char *name, int is_folder, long size, void *context) {
    char *seen = context;
    strcat(seen, name);
    strcat(seen, is_folder ? "/ " : size == 2 ? "=2 " : "=? ");
}

int main(void) {
    char seen[100] = "";
    pfs *fs = pfs_open();
    assert(pfs_mkdir(fs, "/d") == 0);
    assert(pfs_create(fs, "/d/\xc3\xa9") == 0);
    assert(pfs_create(fs, "/d/z") == 0);
    assert(pfs_mkdir(fs, "/d/Z") == 0);
    assert(pfs_append(fs, "/d/z", "12", 2) == 0);
    assert(pfs_append(fs, "/d/\xc3\xa9", "34", 2) == 0);
    assert(pfs_list(fs, "/d", each, seen) == 3);
    assert(strcmp(seen, "Z/ z=2 \xc3\xa9=2 ") == 0);
    assert(pfs_list(fs, "/d/z", each, seen) == PFS_NOT_A_FOLDER);
    pfs_close(fs);
    return 0;
}
