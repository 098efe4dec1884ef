// expect_stdout: -9 9 -10 0
// expect_stdout: 9 1 9 10
// expect_stdout: 1 6
int printf(const char *format, ...);

int main(void) {
    int x = 9;
    printf("%d %d %d %d\n", -x, +x, ~x, !x);
    printf("%d %d %d %d\n", - -x, !!x, ~~x, -~x);
    printf("%d %d\n", !0 + !5, 3 - -3);
    return 0;
}
