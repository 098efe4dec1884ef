// expect_stdout: 31 265 15
// expect_stdout: 97 10 92
// expect_stdout: 1000000007
int printf(const char *format, ...);

int main(void) {
    printf("%d %d %d\n", 0x1F, 0xff + 0XA, 017);
    printf("%d %d %d\n", 'a', '\n', '\\');
    printf("%d\n", 1000000007);
    return 0;
}
