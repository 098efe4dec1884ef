// expect_stdout: 5133 49999
int printf(const char *format, ...);

char composite[50001];

int main(void) {
    int count = 0, last = 0;
    for (int n = 2; n <= 50000; n++) {
        if (composite[n])
            continue;
        count++;
        last = n;
        for (int m = 2 * n; m <= 50000; m += n)
            composite[m] = 1;
    }
    printf("%d %d\n", count, last);
    return 0;
}
