// expect_stdout: 5 5 12
int printf(const char *format, ...);

int main(void) {
    int a, b;
    int c = (a = 3, b = a + 1, a * b);
    for (a = 0, b = 10; a < b; a++, b--)
        ;
    printf("%d %d %d\n", a, b, c);
    return 0;
}
