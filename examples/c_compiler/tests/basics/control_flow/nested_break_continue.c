// expect_stdout: 56 9
int printf(const char *format, ...);

int main(void) {
    int pairs = 0, skipped = 0;
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 6; j++) {
            if (j == i)
                break;
            if ((i + j) % 2) {
                skipped++;
                continue;
            }
            pairs++;
        }
        if (i == 1)
            continue;
        pairs += 10;
    }
    printf("%d %d\n", pairs, skipped);
    return 0;
}
