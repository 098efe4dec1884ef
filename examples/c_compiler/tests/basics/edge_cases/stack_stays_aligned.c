// expect_stdout: 4;5;11;[25] 6
// Calls in the middle of an expression need an aligned stack too.
int printf(const char *format, ...);

int show(int n) {
    printf("%d;", n);
    return n;
}

int main(void) {
    int n = 1 + (2 + (3 * show(4)));
    n = n + (show(show(5) + 6) - 1);
    printf(" %d\n", 1 + (1 + printf("[%d]", n)));
    return 0;
}
