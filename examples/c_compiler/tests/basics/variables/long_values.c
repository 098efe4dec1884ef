// expect_stdout: 3000000000 6000000000 1000000000000
// expect_stdout: 1
int printf(const char *format, ...);

int main(void) {
    long big = 3000000000;
    long sum = big + big;
    long product = 1000000L * 1000000;
    printf("%ld %ld %ld\n", big, sum, product);
    printf("%d\n", big > 2147483647);
    return 0;
}
