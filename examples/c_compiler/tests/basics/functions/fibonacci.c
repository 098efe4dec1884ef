// expect_stdout: 55 6765
int printf(const char *format, ...);

int fibonacci(int n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

int main(void) {
    printf("%d %d\n", fibonacci(10), fibonacci(20));
    return 0;
}
