// expect_stdout: 101001
// expect_stdout: 001110
// expect_stdout: 10
// expect_stdout: 0
int printf(const char *format, ...);

int main(void) {
    int a = 3, b = 5;
    printf("%d%d%d%d%d%d\n", a < b, a > b, a <= b, a >= b, a == b, a != b);
    printf("%d%d%d%d%d%d\n", a < 3, a > 3, a <= 3, a >= 3, a == 3, a != 3);
    printf("%d%d\n", -1 < 1, -5 > -4);
    printf("%d\n", 3 > 2 > 1);
    return 0;
}
