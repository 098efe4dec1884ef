// expect_stdout: 12303
// expect_stdout: 1 2 3 4 5 6 7 80000
int printf(const char *format, ...);

int pick(int a, int b, int c, int d, int e, int f, int g, int h, int i) {
    return a - b + c - d + e - f + 100 * g + 1000 * h + 10000 * i;
}

int main(void) {
    printf("%d\n", pick(9, 8, 7, 6, 5, 4, 3, 2, 1));
    printf("%d %d %d %d %d %d %d %d\n", 1, 2, 3, 4, 5, 6, 7, pick(0, 0, 0, 0, 0, 0, 0, 0, 8));
    return pick(1, 1, 1, 1, 1, 1, pick(0, 0, 0, 0, 0, 0, 0, 0, 0), 0, 0);
}
