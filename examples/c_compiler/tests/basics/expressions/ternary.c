// expect_stdout: 1 -1 0
// expect_stdout: 4 60 yes
int printf(const char *format, ...);

int sign(int n) {
    return n > 0 ? 1 : n < 0 ? -1 : 0;
}

int main(void) {
    printf("%d %d %d\n", sign(9), sign(-9), sign(0));
    int a = 4, b = 6;
    int *larger = a > b ? &a : &b;
    *larger = 60;
    printf("%d %d %s\n", a, b, a ? "yes" : "no");
    return 0;
}
