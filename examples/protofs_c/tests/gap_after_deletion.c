#include "protofs.h"

#include <assert.h>
#include <string.h>

int main(void) {
    char text[PFS_FILE_MAX], back[PFS_FILE_MAX];
    pfs *fs = pfs_open();
    memset(text, 'x', sizeof text);
    assert(pfs_create(fs, "/f") == 0);
    assert(pfs_write(fs, "/f", 0, text, sizeof text) == 0);
    assert(pfs_delete(fs, "/f") == 0);
    assert(pfs_create(fs, "/f") == 0);
    assert(pfs_write(fs, "/f", 1000, "y", 1) == 0);
    assert(pfs_read(fs, "/f", 0, back, sizeof back) == 1001);
    for (int i = 0; i < 1000; i++)
        assert(back[i] == 0);
    pfs_close(fs);
    return 0;
}
