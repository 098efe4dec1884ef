// expect_stdout: 48 125 -4
// expect_stdout: 1 134217728
// expect_stdout: 1099511627776
int printf(const char *format, ...);

int main(void) {
    int n = 3, minus = -16;
    unsigned int top = 0x80000000u;
    long far = 1;
    printf("%d %d %d\n", n << 4, 1000 >> n, minus >> 2);
    printf("%u %u\n", top >> 31, top >> 4);
    printf("%ld\n", far << 40);
    return 0;
}
