// expect_stdout: 89
// expect_stdout: 15
// expect_exit: 16
int printf(const char *format, ...);

int square(int x) {
    return x * x;
}

int add(int a, int b) {
    return a + b;
}

int main(void) {
    printf("%d\n", square(3) + square(4) * add(1, square(2)));
    printf("%d\n", add(add(1, 2), add(add(3, 4), 5)));
    return square(square(2));
}
