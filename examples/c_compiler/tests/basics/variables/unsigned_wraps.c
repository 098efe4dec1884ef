// expect_stdout: 4294967295 1
// expect_stdout: 1 1
int printf(const char *format, ...);

int main(void) {
    unsigned int small = 0;
    unsigned int large = 4294967295u;
    small = small - 1;
    large = large + 2;
    printf("%u %u\n", small, large);
    printf("%d %d\n", small > 0, -1 < 0);
    return 0;
}
