// expect_stdout: 1 2 7 4
int printf(const char *format, ...);

int main(void) {
    int a = 1, b = a + 1, c, d = b * 2;
    c = a + b + d;
    printf("%d %d %d %d\n", a, b, c, d);
    return 0;
}
