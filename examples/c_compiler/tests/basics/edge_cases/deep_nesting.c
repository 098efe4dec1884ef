// expect_stdout: 3 66
// expect_stdout: 78
int printf(const char *format, ...);

int main(void) {
    int n = 0;
    if (1) { if (1) { if (1) { if (1) { if (1) { if (1) { if (1) { if (1) {
        while (1) { for (;;) { do { n = n + 1; } while (n < 3); break; } break; }
    } } } } } } } }
    printf("%d %d\n", n, ((((((((((1 + 2) + 3) + 4) + 5) + 6) + 7) + 8) + 9) + 10) + 11));
    printf("%d\n", 1 + (2 + (3 + (4 + (5 + (6 + (7 + (8 + (9 + (10 + (11 + 12)))))))))));
    return 0;
}
