// expect_stdout: 0 1
// expect_stdout: 1 -3000000000
// expect_stdout: 4294967
// An int that meets an unsigned int becomes unsigned; one that meets a long stays what it was.
int printf(const char *format, ...);

int main(void) {
    int minus = -1;
    unsigned int one = 1;
    long wide = 1;
    printf("%d %d\n", minus < one, minus < wide);
    printf("%u %ld\n", minus / 2 + one, minus * 3000000000);
    printf("%u\n", (minus + one * 0) / 1000);
    return 0;
}
