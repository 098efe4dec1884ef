// expect_stdout: 12 198 7
int printf(const char *format, ...);
int left(void);
int right(void);

static int helper(void) {
    return 7;
}

int main(void) {
    left();
    right();
    printf("%d %d %d\n", left(), right(), helper());
    return 0;
}
