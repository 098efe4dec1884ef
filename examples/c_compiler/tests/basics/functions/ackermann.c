// expect_stdout: 9 125
int printf(const char *format, ...);

int ackermann(int m, int n) {
    if (m == 0)
        return n + 1;
    if (n == 0)
        return ackermann(m - 1, 1);
    return ackermann(m - 1, ackermann(m, n - 1));
}

int main(void) {
    printf("%d %d\n", ackermann(2, 3), ackermann(3, 4));
    return 0;
}
