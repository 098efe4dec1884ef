// expect_stdout: 16
// expect_stdout: 4
int printf(const char *format, ...);

int best[65][65];

int longest(const char *a, const char *b) {
    int i, j;
    for (i = 0; a[i]; i++)
        for (j = 0; b[j]; j++) {
            int up = best[i][j + 1], left = best[i + 1][j];
            best[i + 1][j + 1] = a[i] == b[j] ? best[i][j] + 1 : up > left ? up : left;
        }
    return best[i][j];
}

int main(void) {
    printf("%d\n", longest("the quick brown fox jumps over the lazy dog", "pack my box with five dozen liquor jugs"));
    printf("%d\n", longest("abcbdab", "bdcaba"));
    return 0;
}
