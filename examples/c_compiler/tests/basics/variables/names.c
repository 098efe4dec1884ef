// expect_stdout: 321
// expect_stdout: 87654
// Names that look like something else to a careless compiler.
int printf(const char *format, ...);

int main(void) {
    int rax = 1, eax = 2, intx = 3, return1 = 4, _ = 5, if_ = 6, mov = 7, main2 = 8;
    printf("%d\n", rax + 10 * eax + 100 * intx);
    printf("%d\n", return1 + 10 * _ + 100 * if_ + 1000 * mov + 10000 * main2);
    return 0;
}
