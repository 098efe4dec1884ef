// expect_stdout: 14 20 10
// expect_stdout: 10 9 2
// expect_stdout: 1 8 1
// expect_stdout: 3 1 13
int printf(const char *format, ...);

int main(void) {
    printf("%d %d %d\n", 2 + 3 * 4, (2 + 3) * 4, 20 - 6 - 4);
    printf("%d %d %d\n", 100 / 5 / 2, 7 % 4 * 3, 2 * 7 % 4);
    printf("%d %d %d\n", 1 + 2 < 4, 1 << 2 + 1, 5 & 6 == 6);
    printf("%d %d %d\n", 1 | 6 & 2, 1 || 0 && 0, 6 ^ 3 | 8);
    return 0;
}
