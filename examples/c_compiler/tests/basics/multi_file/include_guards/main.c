// expect_stdout: 18
// expect_exit: 4
#include "shapes.h"
#include "point.h"

int printf(const char *format, ...);

int main(void) {
    struct box box = {{1, 2}, {4, 8}};
    printf("%d\n", area(&box));
    return SIDES;
}
