// expect_stdout: 3 -3 -3 3
// expect_stdout: 1 -1 1 -1
// expect_stdout: -2147483647 0
// Division cuts towards zero; the rest has the sign of the left operand.
int printf(const char *format, ...);

int main(void) {
    int seven = 7, two = 2;
    printf("%d %d %d %d\n", seven / two, -seven / two, seven / -two, -seven / -two);
    printf("%d %d %d %d\n", seven % two, -seven % two, seven % -two, -seven % -two);
    printf("%d %d\n", 2147483647 / -1, 1 / 3);
    return 0;
}
