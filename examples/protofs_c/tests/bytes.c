#include "protofs.h"

#include <assert.h>
#include <string.h>

int main(void) {
    pfs *fs = pfs_open();
    const unsigned char data[] = {0, 1, 255, '\n', 0, '/'};
    unsigned char back[16];
    assert(pfs_create(fs, "/f") == 0);
    assert(pfs_write(fs, "/f", 4, data, sizeof data) == 0);
    assert(pfs_size(fs, "/f") == 10);
    memset(back, 7, sizeof back);
    assert(pfs_read(fs, "/f", 0, back, sizeof back) == 10);
    assert(memcmp(back, "\0\0\0\0", 4) == 0);
    assert(memcmp(back + 4, data, sizeof data) == 0);
    assert(back[10] == 7);
    assert(pfs_read(fs, "/f", 10, back, 1) == 0);
    assert(pfs_read(fs, "/f", (size_t)-1, back, 1) == 0);
    pfs_close(fs);
    return 0;
}
