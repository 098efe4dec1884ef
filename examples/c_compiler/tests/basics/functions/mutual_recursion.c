// expect_stdout: 1001
int printf(const char *format, ...);

int is_odd(int n);

int is_even(int n) {
    if (n == 0)
        return 1;
    return is_odd(n - 1);
}

int is_odd(int n) {
    if (n == 0)
        return 0;
    return is_even(n - 1);
}

int main(void) {
    printf("%d%d%d%d\n", is_even(10), is_odd(10), is_even(7), is_odd(7));
    return 0;
}
