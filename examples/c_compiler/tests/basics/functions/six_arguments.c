// expect_stdout: 654321
// expect_stdout: 654321
int printf(const char *format, ...);

int weigh(int a, int b, int c, int d, int e, int f) {
    return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f;
}

int main(void) {
    printf("%d\n", weigh(1, 2, 3, 4, 5, 6));
    printf("%d\n", weigh(weigh(1, 0, 0, 0, 0, 0), 2, weigh(3, 0, 0, 0, 0, 0), 4, 5, 6));
    return 0;
}
