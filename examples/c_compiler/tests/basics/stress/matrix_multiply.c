// expect_stdout: -40059 -72 -265
int printf(const char *format, ...);

int a[40][40], b[40][40], c[40][40];

int main(void) {
    for (int i = 0; i < 40; i++)
        for (int j = 0; j < 40; j++) {
            a[i][j] = i + 2 * j;
            b[i][j] = i * j % 7 - 3;
        }
    for (int i = 0; i < 40; i++)
        for (int j = 0; j < 40; j++) {
            int sum = 0;
            for (int k = 0; k < 40; k++)
                sum += a[i][k] * b[k][j];
            c[i][j] = sum;
        }
    long trace = 0;
    for (int i = 0; i < 40; i++)
        trace += c[i][i];
    printf("%ld %d %d\n", trace, c[0][39], c[39][1]);
    return 0;
}
