#include "protofs.h"

#include <assert.h>
#include <string.h>

int main(void) {
    assert(strcmp(pfs_message(0), "ok") == 0);
    assert(strcmp(pfs_message(PFS_BAD_PATH), "bad path") == 0);
    assert(strcmp(pfs_message(PFS_NOT_FOUND), "not found") == 0);
    assert(strcmp(pfs_message(PFS_EXISTS), "exists") == 0);
    assert(strcmp(pfs_message(PFS_NOT_A_FOLDER), "not a folder") == 0);
    assert(strcmp(pfs_message(PFS_IS_A_FOLDER), "is a folder") == 0);
    assert(strcmp(pfs_message(PFS_NOT_EMPTY), "not empty") == 0);
    assert(strcmp(pfs_message(PFS_FULL), "full") == 0);
    assert(strcmp(pfs_message(PFS_TOO_LARGE), "too large") == 0);
    assert(strcmp(pfs_message(1), "unknown error") == 0);
    assert(strcmp(pfs_message(-9), "unknown error") == 0);
    return 0;
}
