// expect_stdout: 1
// expect_stdout: 6
// expect_stdout: 720
// expect_stdout: 362880
// expect_stdout: 479001600
int printf(const char *format, ...);

int factorial(int n) {
    if (n <= 1)
        return 1;
    return n * factorial(n - 1);
}

int main(void) {
    for (int n = 0; n <= 12; n += 3)
        printf("%d\n", factorial(n));
    return 0;
}
