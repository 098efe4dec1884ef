// expect_stdout: 6171 261
int printf(const char *format, ...);

int steps(long n) {
    int count = 0;
    while (n != 1) {
        n = n % 2 ? 3 * n + 1 : n / 2;
        count++;
    }
    return count;
}

int main(void) {
    int best = 0, most = 0;
    for (int n = 1; n < 10000; n++) {
        int count = steps(n);
        if (count > most) {
            most = count;
            best = n;
        }
    }
    printf("%d %d\n", best, most);
    return 0;
}
