#include "protofs.h"

#include <assert.h>

int main(void) {
    pfs *one = pfs_open(), *two = pfs_open();
    assert(one != NULL && two != NULL && one != two);
    assert(pfs_create(one, "/f") == 0);
    assert(pfs_size(two, "/f") == PFS_NOT_FOUND);
    assert(pfs_mkdir(two, "/f") == 0);
    assert(pfs_append(one, "/f", "abc", 3) == 0);
    assert(pfs_append(two, "/f", "abc", 3) == PFS_IS_A_FOLDER);
    pfs_close(one);
    assert(pfs_delete(two, "/f") == 0);
    pfs_close(two);
    return 0;
}
