// expect_stdout: 25,16,9,4,1,
#include "stack.h"

int main(void) {
    for (int i = 1; i <= 5; i++)
        push(i * i);
    while (!empty())
        printf("%d,", pop());
    printf("\n");
    return 0;
}
