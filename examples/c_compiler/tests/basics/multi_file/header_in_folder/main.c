// expect_stdout: -50 7 50 50
#include "calc/calc.h"

int printf(const char *format, ...);

int main(void) {
    printf("%d %d %d %d\n", clamp(-70), clamp(7), clamp(70), LIMIT);
    return 0;
}
