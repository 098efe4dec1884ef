#include "protofs.h"

#include <assert.h>

int main(void) {
    pfs *fs = pfs_open();
    assert(pfs_create(fs, "/f") == 0);
    assert(pfs_write(fs, "/f", 99999, "", 0) == 0);
    assert(pfs_append(fs, "/f", "", 0) == 0);
    assert(pfs_size(fs, "/f") == 0);
    assert(pfs_write(fs, "/g", 0, "", 0) == PFS_NOT_FOUND);
    assert(pfs_write(fs, "/f", (size_t)-1, "xy", 2) == PFS_TOO_LARGE);
    assert(pfs_write(fs, "/f", 2, "xy", (size_t)-1) == PFS_TOO_LARGE);
    assert(pfs_size(fs, "/f") == 0);
    pfs_close(fs);
    return 0;
}
