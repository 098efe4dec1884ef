// expect_stdout: 6 243
int printf(const char *format, ...);

int main(void) {
    int rounds = 0;
    do
        rounds = rounds + 1;
    while (0);
    int n = 1;
    do {
        n = n * 3;
        rounds = rounds + 1;
    } while (n < 100);
    printf("%d %d\n", rounds, n);
    return 0;
}
