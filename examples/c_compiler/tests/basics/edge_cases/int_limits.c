// expect_stdout: 2147483647 -2147483648 -1
// expect_stdout: 9223372036854775807 -9223372036854775808
// expect_stdout: 4294967295
int printf(const char *format, ...);

int main(void) {
    int high = 2147483647;
    int low = -2147483647 - 1;
    long wide = 9223372036854775807;
    printf("%d %d %d\n", high, low, high + low);
    printf("%ld %ld\n", wide, -wide - 1);
    printf("%u\n", 4294967295u);
    return 0;
}
